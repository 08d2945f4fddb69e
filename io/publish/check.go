package publish

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"tripstats/io/kept"
	"tripstats/io/objstore"
)

// What [Check] looks at, in the order of a report.
const (
	CheckedManifests  = "manifests"
	CheckedIdentities = "identities"
	CheckedTables     = "tables"
	CheckedRuns       = "records of runs"
	CheckedKept       = "kept results"
	CheckedCopies     = "copies"
	CheckedLogs       = "Delta logs"
)

// Report says whether an output is sound.
type Report struct {
	Version int64     // the latest
	Checked []Checked // of each kind that there is
	Wrong   []Finding
}

// Checked says how many things of a kind were looked at.
type Checked struct {
	What  string
	Count int
}

// Finding is a thing that is not as it should be.
type Finding struct {
	What    string // one of the kinds above
	Place   string // below the output
	Message string // begins with the place
}

// Check looks at all that an output keeps, or at one version alone: whether each file has the bytes that the manifest says, whether
// the copies and the logs of Delta tables are those of the latest version, and whether kept results are whole. It changes nothing. An error
// means that something could not be looked at. If a run commits meanwhile, Check begins again.
func Check(ctx context.Context, access objstore.Access, output string, only func(version int64) bool) (*Report, error) {
	for {
		head, err := ReadHead(ctx, access, output)
		if errors.Is(err, ErrNoManifest) {
			return &Report{Version: head.Version, Checked: []Checked{{CheckedManifests, 1}}, Wrong: []Finding{{CheckedManifests, ManifestName, err.Error()}}}, nil
		}
		if err != nil {
			return nil, err
		}
		if head.Manifest == nil {
			return nil, fmt.Errorf("%s: %w", ManifestName, fs.ErrNotExist)
		}
		c := &checking{access: access, output: output, head: head, report: &Report{Version: head.Version}, refs: map[kept.Ref]bool{}}
		if err := c.all(ctx, only); err != nil {
			return nil, err
		}
		after, err := ReadHead(ctx, access, output)
		if err != nil || after.Token == head.Token || len(c.report.Wrong) == 0 {
			return c.report, err
		}
	}
}

// checking is a check under way.
type checking struct {
	access objstore.Access
	output string
	head   Head
	report *Report
	refs   map[kept.Ref]bool // that were looked at: versions share kept results
}

// saw counts a thing that was looked at.
func (c *checking) saw(what string) {
	for i := range c.report.Checked {
		if c.report.Checked[i].What == what {
			c.report.Checked[i].Count++
			return
		}
	}
	c.report.Checked = append(c.report.Checked, Checked{what, 1})
}

// wrong adds a finding.
func (c *checking) wrong(what, place, format string, args ...any) {
	c.report.Wrong = append(c.report.Wrong, Finding{what, place, place + ": " + fmt.Sprintf(format, args...)})
}

// note adds a finding for an error that says that a file is missing or damaged, and returns any other error.
func (c *checking) note(what, place string, err error) error {
	var damaged *DamagedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &damaged):
		c.wrong(what, place, "found %s, expected %s", damaged.Found, damaged.Expected)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		c.wrong(what, place, "found no such file, expected one")
		return nil
	}
	return err
}

func (c *checking) all(ctx context.Context, only func(version int64) bool) error {
	for _, v := range c.head.Versions() {
		if !only(v.Number) {
			continue
		}
		if err := c.version(ctx, v); err != nil {
			return err
		}
	}
	if !only(c.head.Version) {
		return nil
	}
	if err := c.copies(ctx); err != nil {
		return err
	}
	logs, err := TableLogs(ctx, c.access, c.output, c.head.Manifest)
	for _, l := range logs {
		c.saw(CheckedLogs)
		if l.Wrong != "" {
			c.wrong(CheckedLogs, l.Table, "%s", l.Wrong)
		}
	}
	return err
}

// version looks at the files of a version.
func (c *checking) version(ctx context.Context, v Version) error {
	m, err := c.manifest(ctx, v)
	if m == nil {
		return err
	}
	for _, o := range m.Outputs {
		c.saw(CheckedTables)
		_, err := ReadVerified(ctx, c.access, c.output, o.Path, o.Bytes, o.SHA256)
		if err := c.note(CheckedTables, o.Path, err); err != nil {
			return err
		}
	}
	if v.Dir == "" {
		return nil
	}
	c.saw(CheckedRuns)
	run := new(RunRecord)
	if err := c.readJSON(ctx, CheckedRuns, v.Dir+"/"+runName, run); err != nil {
		return err
	}
	return c.kept(ctx, v, m)
}

// manifest reads the manifest of a version. It is nil if it cannot be used.
func (c *checking) manifest(ctx context.Context, v Version) (*Manifest, error) {
	c.saw(CheckedManifests)
	if v.Dir == "" {
		return c.head.Manifest, nil
	}
	place := v.Dir + "/" + versionManifest
	content, err := c.access.ReadAll(ctx, objstore.Join(c.output, place))
	if err := c.note(CheckedManifests, place, err); err != nil {
		return nil, err
	}
	latest := v.Number == c.head.Version
	m, bad := parseManifest(content)
	switch {
	case err != nil:
		bad = err
	case bad != nil:
		c.wrong(CheckedManifests, place, "%v", ErrNoManifest)
	case latest && !bytes.Equal(content, c.head.content):
		c.wrong(CheckedManifests, place, "found other bytes than %s has, expected the same", ManifestName)
	default:
		c.saw(CheckedIdentities)
		if m.Commit == nil || m.Commit.Version != v.Number || m.Commit.Run != v.Run {
			c.wrong(CheckedIdentities, place, "found the manifest of another version, expected that of version %d of run %s", v.Number, v.Run)
			return nil, nil
		}
		if head := c.head.Manifest.Commit; m.Commit.Output != head.Output {
			c.wrong(CheckedIdentities, place, "found the manifest of the output %q, expected %q", m.Commit.Output, head.Output)
			return nil, nil
		}
	}
	if latest {
		return c.head.Manifest, nil // this is what readers see
	}
	if bad != nil {
		return nil, nil
	}
	return m, nil
}

// readJSON reads a file of JSON.
func (c *checking) readJSON(ctx context.Context, what, place string, into any) error {
	content, err := c.access.ReadAll(ctx, objstore.Join(c.output, place))
	if err == nil {
		if err := json.Unmarshal(content, into); err != nil {
			c.wrong(what, place, "found what is not JSON (%v), expected a record of this program", err)
		}
		return nil
	}
	return c.note(what, place, err)
}

// kept looks at the kept results of a version. A version may have none.
func (c *checking) kept(ctx context.Context, v Version, m *Manifest) error {
	place := v.Dir + "/" + kept.IndexName
	if _, err := c.access.Stat(ctx, objstore.Join(c.output, place)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	index, before := new(kept.Index), len(c.report.Wrong)
	c.saw(CheckedKept)
	if err := c.readJSON(ctx, CheckedKept, place, index); err != nil || len(c.report.Wrong) > before {
		return err
	}
	if index.Format != kept.Format {
		return nil // of another release: nothing of it is used
	}
	if c.identities(place, v, m, index); len(c.report.Wrong) == before {
		if _, err := ReadIndex(ctx, c.access, c.output, v.Dir); errors.Is(err, kept.ErrSeal) {
			c.wrong(CheckedIdentities, place, "%v", kept.ErrSeal)
		} else if err != nil {
			return err
		}
	}
	for _, in := range index.Inputs {
		for _, r := range in.Results {
			if c.refs[r.At] || v.Number != c.head.Version && c.went(ctx, r.At.File) {
				continue
			}
			c.refs[r.At] = true
			if err := c.result(ctx, in, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// identities compares the inputs whose results are kept with those of the manifest.
func (c *checking) identities(place string, v Version, m *Manifest, index *kept.Index) {
	rows, sizes := map[string]int64{}, map[string]int64{}
	for _, in := range index.Inputs {
		source := cmp.Or(in.File.Dataset, in.Source)
		if len(in.Results) == 0 { // it was left out
			continue
		}
		if !slices.ContainsFunc(m.Inputs, func(i Input) bool { return i.Source == source }) {
			c.wrong(CheckedIdentities, place, "found results of %s, which is no input of version %d", in.Source, v.Number)
		}
		sizes[source] += in.Size
		for _, r := range in.Results {
			rows[source] += r.Rows
		}
	}
	for _, in := range m.Inputs {
		if sizes[in.Source] < in.Bytes { // not all of it is kept
			continue
		}
		c.saw(CheckedIdentities)
		if sizes[in.Source] != in.Bytes || rows[in.Source] != in.Rows {
			c.wrong(CheckedIdentities, place, "found %d bytes and %d rows of %s, expected the %d bytes and %d rows of version %d", sizes[in.Source], rows[in.Source], in.Source, in.Bytes, in.Rows, v.Number)
		}
	}
}

// went tells whether a file of results went with its version. Only those that the latest version refers to stay longer than their version.
func (c *checking) went(ctx context.Context, file string) bool {
	if slices.ContainsFunc(c.head.Versions(), func(v Version) bool { return v.Dir == path.Dir(file) }) {
		return false
	}
	_, err := c.access.Stat(ctx, objstore.Join(c.output, file))
	return errors.Is(err, fs.ErrNotExist)
}

// result looks at one kept result.
func (c *checking) result(ctx context.Context, in kept.Input, r kept.Result) error {
	c.saw(CheckedKept)
	o, err := c.access.Stat(ctx, objstore.Join(c.output, r.At.File))
	if errors.Is(err, fs.ErrNotExist) {
		c.wrong(CheckedKept, r.At.File, "found no such file, expected one with the result of %s; a run that needs it reads the input again", in.Source)
		return nil
	}
	if err != nil {
		return c.note(CheckedKept, r.At.File, err)
	}
	if r.At.Offset < 0 || r.At.Length < 0 || r.At.Offset+r.At.Length > o.Size {
		c.wrong(CheckedKept, r.At.File, "%s: found %d bytes, expected a result at byte %d of %d bytes; a run that needs it reads the input again", in.Source, o.Size, r.At.Offset, r.At.Length)
		return nil
	}
	f, err := c.access.Open(ctx, o)
	if err != nil {
		return c.note(CheckedKept, r.At.File, err)
	}
	defer f.Close() //nolint:errcheck // read only
	content := make([]byte, r.At.Length)
	if _, err := f.ReadAt(content, r.At.Offset); err != nil {
		return fmt.Errorf("%s: %w", r.At.File, err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != r.At.SHA256 {
		c.wrong(CheckedKept, r.At.File, "%s: found other bytes at byte %d, expected those of SHA-256 %.12s...; a run that needs it reads the input again", in.Source, r.At.Offset, r.At.SHA256)
	}
	return nil
}

// copies compares the copies with the latest version.
func (c *checking) copies(ctx context.Context) error {
	before := len(c.report.Wrong)
	for _, o := range c.head.Manifest.Outputs {
		if o.Plain == "" {
			continue
		}
		c.saw(CheckedCopies)
		_, err := ReadVerified(ctx, c.access, c.output, o.Plain, o.Bytes, o.SHA256)
		if err := c.note(CheckedCopies, o.Plain, err); err != nil {
			return err
		}
	}
	lags, err := c.head.Lagging(ctx, c.access, c.output)
	if lags && len(c.report.Wrong) == before {
		c.wrong(CheckedCopies, c.head.Dir, "the run was stopped while it brought the copies to version %d", c.head.Version)
	}
	return err
}
