package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/delta"
	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/quarantine"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// checkTogether refuses flags that do not go together or that need another flag. Without any input the sample is read.
func (s *settings) checkTogether(wrong *problems) {
	switch {
	case s.given["months"] && s.given["input"]:
		wrong.add("--input and --months: found both, expected one of them")
	case s.given["months"] && s.taxi == "":
		wrong.add("--months does not say of which taxi: add --taxi=%s", strings.Join(tlc.Taxis(), " or --taxi="))
	case s.given["months"]:
	case s.given["source"] || s.given["missing"]:
		wrong.add("--source and --missing go with --months")
	case s.given["output"] && !s.given["input"] && !s.plan:
		wrong.add("--output alone does not say what to read: add --input='dir/**/*.parquet', --months=2014-01..2023-12, or --input=sample")
	case len(s.input) == 0:
		s.input = patterns{sampleInput}
	}
}

func (s *settings) checkMonths() (err error) {
	s.parsed.months, err = map[string][]tlc.Range{}, nil
	for _, taxi := range strings.Split(s.taxi, ",") { // without any, the months are checked all the same
		if s.parsed.months[taxi], err = tlc.ParseRanges(s.months, taxi); err != nil {
			return err
		}
	}
	return nil
}

// taxis are those of --taxi; none if it is not given.
func (s *settings) taxis() []string {
	if s.taxi == "" {
		return nil
	}
	return strings.Split(s.taxi, ",")
}

func (s *settings) checkSource() error { return checkSource(s.source, s.access()) }

func (s *settings) checkInput() error {
	var errs several
	for _, address := range s.input {
		if err := checkAddress(address, s.access()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", objstore.Redact(address), err))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// checkAddress refuses an address that cannot be read.
func checkAddress(address string, access objstore.Access) error {
	if scheme, _ := objstore.Scheme(address); !objstore.Served(scheme) {
		return fmt.Errorf("found scheme %q, expected a local path, gs, s3, az or https", scheme)
	}
	return access.Allows(address)
}

func (s *settings) checkMemory() (err error) {
	if s.memory == "" {
		return nil
	}
	if s.parsed.memory, err = parseBytes(s.memory); err != nil {
		return err
	}
	if least := s.leastMemory(); s.parsed.memory < least && !s.plan {
		return fmt.Errorf("found %q, expected at least %dMiB with this runner and input", s.memory, least>>20)
	}
	return nil
}

func (s *settings) checkMaxBytes() (err error) {
	s.parsed.maxBytes, err = parseBytes(s.maxBytes)
	return err
}

// access is how stores are reached.
func (s *settings) access() objstore.Access {
	a := objstore.Access{GCSAnonymous: s.anonymous, AllowHTTP: s.allowHTTP}
	if s.months != "" {
		a.Refusing = refusing(s.source)
	}
	return a
}

// refusing is how addresses begin below a source that may refuse who asks too often, or "".
func refusing(source string) string {
	if scheme, _ := objstore.Scheme(source); scheme == "https" || scheme == "http" {
		return tlc.Prefix(source)
	}
	return ""
}

// checkSource refuses a source of months that cannot be asked. Its errors do not repeat it, because it may be signed.
func checkSource(source string, access objstore.Access) error {
	scheme, _ := objstore.Scheme(source)
	switch {
	case source == "":
		return errors.New("found nothing, expected an address, folder or bucket")
	case !objstore.Remote(source) && scheme != "" || !objstore.Served(scheme):
		return fmt.Errorf("found scheme %q, expected a folder, https, gs, s3 or az", scheme)
	case (scheme == "http" || scheme == "https" || scheme == "az") && strings.ContainsAny(source, "?#"):
		return errors.New("found a query or fragment, to which no file name can be added; give signed addresses one by one (--input, or fetch --urls-file)")
	}
	return access.Allows(source)
}

// inputs finds what is to be read: by patterns, or by months.
func (j *job) inputs(ctx context.Context) ([]objstore.Object, error) {
	if j.months == "" {
		return match(ctx, j.access(), "--input", j.input)
	}
	var objects []objstore.Object
	var absent []taxiMonths
	for _, taxi := range j.taxis() {
		ranges, err := j.rangesOf(taxi)
		if err != nil {
			return nil, err
		}
		finder := tlc.Finder{Source: j.source, Taxi: taxi, Access: j.access()}
		missing := taxiMonths{taxi: taxi}
		for _, r := range ranges {
			found, err := finder.Find(ctx, r)
			if err != nil {
				return nil, fault.Inputf("--months: %v", err)
			}
			for _, m := range found {
				if m.Absent {
					missing.months = append(missing.months, tlc.FormatMonth(m.Month))
				} else {
					objects = append(objects, m.Object)
				}
			}
		}
		if len(missing.months) > 0 {
			absent = append(absent, missing)
		}
	}
	source := objstore.Redact(j.source)
	switch {
	case len(objects) == 0:
		return nil, fault.New(fault.NoMatch, "--months: %s: found no %s file of these months in %s", j.months, strings.Join(j.taxis(), " or "), source)
	case len(absent) > 0 && j.missing != "skip":
		return nil, fault.New(fault.NoMatch, "--months: found %s in %s; leave them out, or say --missing=skip", j.eachOf(absent, "no %s file of %s"), source)
	case len(absent) > 0:
		j.stderr.line("note: skipped because they are not there: %s", j.eachOf(absent, "%s %s"))
	}
	return objects, nil
}

// taxiMonths are months of one taxi.
type taxiMonths struct {
	taxi   string
	months []string
}

// eachOf lists months for a message, taxi by taxi, in a form that has the taxi and the months.
func (s *settings) eachOf(list []taxiMonths, form string) string {
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = fmt.Sprintf(form, t.taxi, trip.SomeMonths(t.months, s.verbose))
	}
	return strings.Join(parts, ", and ")
}

// rangesOf returns the months that are asked for of a taxi. If several taxis are asked for, the months before the first of this taxi are
// left out with a note, because others may have them.
func (j *job) rangesOf(taxi string) ([]tlc.Range, error) {
	ranges := j.parsed.months[taxi]
	if len(j.taxis()) < 2 {
		return ranges, nil
	}
	since, early := tlc.Since(ranges, taxi)
	switch first := tlc.FormatMonth(tlc.FirstMonth(taxi)); {
	case len(since) == 0:
		return nil, fault.New(fault.NoMatch, "--months: %s: the first %s file is that of %s; leave this taxi out, or ask for later months", j.months, taxi, first)
	case early:
		j.stderr.line("note: %s begins with %s: earlier months are of the other taxis alone", taxi, first)
	}
	return since, nil
}

// match expands patterns. Its faults begin with what they were given by.
func match(ctx context.Context, access objstore.Access, by string, input []string) ([]objstore.Object, error) {
	patterns := make([]string, len(input))
	for i, p := range input {
		if p == sampleInput {
			p = samplePattern
		}
		patterns[i] = p
	}
	in := objstore.Inputs{Endings: source.Endings(), Own: []objstore.Own{publish.Own, quarantine.Own}, Files: delta.Files}
	objects, err := access.MatchInputs(ctx, patterns, in)
	switch f := matchFault(by, err); {
	case f == nil:
		return objects, nil
	case len(patterns) == 1 || f.Code == fault.Unavailable || ctx.Err() != nil:
		return nil, f
	default:
		return nil, matchEach(ctx, access, by, patterns, in, f)
	}
}

// matchEach matches the patterns one by one, to report what is wrong with each; if each is right alone, it reports what is
// wrong with them together.
func matchEach(ctx context.Context, access objstore.Access, by string, patterns []string, in objstore.Inputs, together *fault.Fault) error {
	var problems []*fault.Fault
	for _, p := range patterns {
		if _, err := access.MatchInputs(ctx, []string{p}, in); err != nil {
			problems = append(problems, matchFault(by, err))
		}
	}
	if len(problems) == 0 {
		return together
	}
	return fault.All(problems...)
}

// matchFault returns an error of objstore.Match with its exit code, or nil if there is no error.
func matchFault(by string, err error) *fault.Fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, objstore.ErrNoMatch):
		return fault.New(fault.NoMatch, "%s: %v", by, err)
	case errors.Is(err, objstore.ErrPattern):
		return usage("%s: %v", by, err)
	}
	return fault.Inputf("%s: %v", by, err)
}

const (
	// tableMemory is added to either for each table that is declared in SQL, for its groups and the columns that are computed for it.
	tableMemory = 8 << 20

	// The least limits that a run keeps on two cores, even if these are busy.
	leastLocalMemory       = 112 << 20
	leastRemoteMemory      = 144 << 20
	leastPrismMemory       = 144 << 20
	leastRemotePrismMemory = 192 << 20

	// messages is roughly the memory that prism needs in addition while it reads over a network.
	messages = 30 << 20
)

// remote tells whether input is read over the network.
func (s *settings) remote() bool {
	return slices.ContainsFunc(s.input, objstore.Remote) || s.months != "" && objstore.Remote(s.source)
}

// leastMemory is the least that a process that reads can be held to.
func (s *settings) leastMemory() int64 {
	remote := s.remote()
	switch {
	case remote && s.runner == "prism":
		return leastRemotePrismMemory
	case s.runner == "prism":
		return leastPrismMemory
	case remote:
		return leastRemoteMemory
	}
	return leastLocalMemory
}

// memoryByCores is the default of --max-memory, by the number of cores: the last line counts that has no more. More cores decode more at
// the same time. The number of cores is that of Go's runtime, for which the CPU limit of a container is the number of its cores.
var memoryByCores = []struct {
	cores         int
	local, remote int64
}{
	{1, 160 << 20, 256 << 20},
	{4, 180 << 20, 264 << 20},
	{8, 220 << 20, 280 << 20},
	{16, 300 << 20, 312 << 20},
}

// memoryOf returns the memory that memoryByCores gives for a number of cores.
func memoryOf(cores int, remote bool) (most int64) {
	for _, line := range memoryByCores {
		if cores < line.cores {
			break
		}
		if most = line.local; remote {
			most = line.remote
		}
	}
	return most
}

// defaultMemory is the default of --max-memory. container is how much memory the container may use; 0 for no limit. At most half of it is
// taken, because other processes and the cache of files need some too.
func defaultMemory(cores int, remote bool, declared int, container int64) int64 {
	most := memoryOf(cores, remote) + int64(declared)*tableMemory
	if container > 0 {
		most = min(most, container/2)
	}
	return most
}

// groupMemory is how many bytes the groups of a table may take. The memory that more cores add to the default of --max-memory is for
// decoding, so groups may not take it. They may take at least half of the memory in any case.
func (s *settings) groupMemory() int64 {
	most, remote := int64(s.mostMemory(nil)), s.remote()
	return max(most/2, most-memoryOf(s.cores(), remote)+memoryOf(1, remote))
}

// cores is the number of cores of the process that reads. It is 1 if the workers of a cluster read, because their cores are not known here.
func (s *settings) cores() int {
	if s.elsewhere() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// elsewhere tells whether the workers of a cluster read, and not this process.
func (s *settings) elsewhere() bool {
	r, err := runners.Find(s.runner)
	return err == nil && r.Elsewhere()
}

// mostMemory is what a process that reads for these tables may take for that.
func (s *settings) mostMemory(tables []*aggregate.Spec) source.Memory {
	most, remote := s.parsed.memory, s.remote()
	if most == 0 {
		container := source.ContainerMemory(os.DirFS("/"))
		if s.elsewhere() {
			container = 0 // what the workers have is not known here
		}
		declared := 0
		for _, t := range tables {
			if t.SQL != "" {
				declared++
			}
		}
		most = defaultMemory(s.cores(), remote, declared, container)
	}
	if remote && s.runner == "prism" {
		most -= messages
	}
	return source.Memory(most)
}

// units are the units of amounts of memory; upper and lower case are the same. A single letter is binary, like in Docker and
// Java.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1},
}

// parseBytes reads an amount of memory: 160MiB, 1G, 200000000.
func parseBytes(s string) (int64, error) {
	text, unit := strings.TrimSpace(s), 1.0
	for _, u := range units {
		if at := len(text) - len(u.suffix); at > 0 && strings.EqualFold(text[at:], u.suffix) {
			text, unit = strings.TrimSpace(text[:at]), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if v *= unit; err != nil || !(v >= 0) || v > math.MaxInt64/2 {
		return 0, fmt.Errorf("found %q, expected an amount such as 256MiB or 1G", s)
	}
	return int64(v), nil
}
