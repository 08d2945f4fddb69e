package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
)

// mostURLs is how many addresses a list may have.
const mostURLs = 100_000

// ParseList reads a list of addresses: one a line, empty lines and what follows a # at the beginning or after a blank
// left out. Errors name the line, and do not repeat the address. The same address twice is one file; two addresses of
// one file name are an error.
func ParseList(access objstore.Access, r io.Reader) ([]Job, error) {
	var jobs []Job
	type first struct {
		line int
		uri  string
	}
	seen := map[string]first{} // by place in lower case, as file systems may not tell case
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<10)
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimPrefix(lines.Text(), "\ufeff")
		for i := range text {
			if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
				text = text[:i]
				break
			}
		}
		uri := strings.TrimSpace(text)
		if uri == "" {
			continue
		}
		job, err := newJob(access, uri)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		key := strings.ToLower(job.Place)
		switch before, twice := seen[key]; {
		case twice && before.uri == uri:
			continue
		case twice:
			return nil, fmt.Errorf("line %d: found another address of %s than in line %d; fetch them to folders of their own", n, job.Place, before.line)
		case len(jobs) == mostURLs:
			return nil, fmt.Errorf("line %d: found more than %d addresses", n, mostURLs)
		}
		seen[key] = first{n, uri}
		jobs = append(jobs, job)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return jobs, nil
}

func newJob(access objstore.Access, uri string) (Job, error) {
	scheme, _ := objstore.Scheme(uri)
	switch {
	case scheme == "":
		return Job{}, errors.New("found no address, expected such as https://host/path/name.parquet")
	case !objstore.Remote(uri) || !objstore.Served(scheme):
		return Job{}, fmt.Errorf("found scheme %q, expected https, gs, s3 or az", scheme)
	}
	if err := access.Allows(uri); err != nil {
		return Job{}, err
	}
	name, err := Name(uri)
	if err != nil {
		return Job{}, err
	}
	return Job{URI: uri, Place: Place(name)}, nil
}

// Months finds the files of a range of months. Those that are not published come as missing. A month of which it could
// not be found out is a job with that error, unless the source refuses everything.
func Months(ctx context.Context, f tlc.Finder, r tlc.Range) (jobs []Job, missing []string, err error) {
	add := func(months []tlc.MonthFile) {
		for _, m := range months {
			if m.Absent {
				missing = append(missing, tlc.FormatMonth(m.Month))
				continue
			}
			jobs = append(jobs, Job{URI: m.Object.URI, Place: Place(tlc.FileName(f.Taxi, m.Month)), Object: m.Object})
		}
	}
	if r.Open {
		months, err := f.Find(ctx, r)
		add(months)
		return jobs, missing, findError(err)
	}
	inRow := 0
	for m := r.First; m <= r.Last; m++ {
		months, err := f.Find(ctx, tlc.Range{First: m, Last: m})
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case errors.Is(err, fs.ErrPermission):
			return nil, nil, findError(err)
		case err != nil:
			if inRow++; inRow == mostInRow {
				return nil, nil, findError(err)
			}
			jobs = append(jobs, Job{Place: Place(tlc.FileName(f.Taxi, m)), Err: err})
			continue
		}
		inRow = 0
		add(months)
	}
	return jobs, missing, nil
}

func findError(err error) error {
	if err == nil {
		return nil
	}
	return fault.Inputf("--source: %v", err)
}
