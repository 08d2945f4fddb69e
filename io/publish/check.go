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

// The kinds of things that [Check] looks at, in the order of a report.
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
	Checked []Checked // one for each kind that the output has
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

// Check examines the versions that only returns true for. It compares the size and SHA-256 of each file with the manifest, examines the
// kept results, and compares the copies and the logs of Delta tables with the head. It changes nothing. An error means that it could not
// read something. If a run commits meanwhile and something looks wrong, Check begins again.
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
		c := &checking{
			access: access, output: output, head: head, report: &Report{Version: head.Version}, refs: map[kept.Ref]bool{}, files: map[string]keptFile{},
		}
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
	files  map[string]keptFile
}

// keptFile is a file of kept results, or why it cannot be found.
type keptFile struct {
	objstore.Object
	err error
}

// count counts a thing that was looked at.
func (c *checking) count(what string) {
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
		c.count(CheckedLogs)
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
		c.count(CheckedTables)
		_, err := ReadVerified(ctx, c.access, c.output, o.Path, o.Bytes, o.SHA256)
		if err := c.note(CheckedTables, o.Path, err); err != nil {
			return err
		}
	}
	if v.Dir == "" {
		return nil
	}
	c.count(CheckedRuns)
	run := new(RunRecord)
	if err := c.readJSON(ctx, CheckedRuns, v.Dir+"/"+runName, run); err != nil {
		return err
	}
	return c.kept(ctx, v, m)
}

// manifest reads the manifest of a version. It is nil if it cannot be used.
func (c *checking) manifest(ctx context.Context, v Version) (*Manifest, error) {
	c.count(CheckedManifests)
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
		c.wrong(CheckedManifests, place, "found bytes that differ from those of %s, expected the same bytes", ManifestName)
	default:
		c.count(CheckedIdentities)
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
		return c.head.Manifest, nil // readers see this one, also if the file in the folder is wrong
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
		c.isJSON(what, place, content, into)
		return nil
	}
	return c.note(what, place, err)
}

// isJSON parses a file of JSON. If it is none, this is a finding.
func (c *checking) isJSON(what, place string, content []byte, into any) bool {
	err := json.Unmarshal(content, into)
	if err != nil {
		c.wrong(what, place, "found no JSON (%v), expected a record of this program", err)
	}
	return err == nil
}

// kept looks at the kept results of a version. A version may have none.
func (c *checking) kept(ctx context.Context, v Version, m *Manifest) error {
	place := v.Dir + "/" + kept.IndexName
	content, err := c.access.ReadAll(ctx, objstore.Join(c.output, place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	index, before := new(kept.Index), len(c.report.Wrong)
	c.count(CheckedKept)
	if !c.isJSON(CheckedKept, place, content, index) {
		return nil
	}
	if index.Format != kept.Format {
		return nil // another release of the program made it: this one does not use it
	}
	if c.identities(place, v, m, index); len(c.report.Wrong) == before {
		if _, err := kept.Decode(v.Dir, content); err != nil {
			c.wrong(CheckedIdentities, place, "%v", err)
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

// identities compares the inputs that have kept results with the inputs of the manifest.
func (c *checking) identities(place string, v Version, m *Manifest, index *kept.Index) {
	rows, sizes, inputs := map[string]int64{}, map[string]int64{}, map[string]bool{}
	for _, in := range m.Inputs {
		inputs[in.Source] = true
	}
	for _, in := range index.Inputs {
		source := cmp.Or(in.File.Dataset, in.Source)
		if len(in.Results) == 0 { // the run left this file out
			continue
		}
		if !inputs[source] {
			c.wrong(CheckedIdentities, place, "found results of %s, which is no input of version %d", in.Source, v.Number)
		}
		sizes[source] += in.Size
		for _, r := range in.Results {
			rows[source] += r.Rows
		}
	}
	for _, in := range m.Inputs {
		if sizes[in.Source] < in.Bytes { // some parts have no kept results
			continue
		}
		c.count(CheckedIdentities)
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
	return errors.Is(c.fileOf(ctx, file).err, fs.ErrNotExist)
}

// fileOf finds a file of kept results. It asks once for each file: a file has the results of many inputs.
func (c *checking) fileOf(ctx context.Context, file string) keptFile {
	f, known := c.files[file]
	if !known {
		f.Object, f.err = c.access.Stat(ctx, objstore.Join(c.output, file))
		c.files[file] = f
	}
	return f
}

// result looks at one kept result.
func (c *checking) result(ctx context.Context, in kept.Input, r kept.Result) error {
	c.count(CheckedKept)
	o := c.fileOf(ctx, r.At.File)
	if errors.Is(o.err, fs.ErrNotExist) {
		c.wrong(CheckedKept, r.At.File, "found no such file, expected one with the result of %s; a run that needs it reads the input again", in.Source)
		return nil
	}
	if o.err != nil {
		return c.note(CheckedKept, r.At.File, o.err)
	}
	if r.At.Offset < 0 || r.At.Length < 0 || r.At.Offset+r.At.Length > o.Size {
		c.wrong(CheckedKept, r.At.File, "%s: found %d bytes, expected a result at byte %d of %d bytes; a run that needs it reads the input again", in.Source, o.Size, r.At.Offset, r.At.Length)
		return nil
	}
	f, err := c.access.Open(ctx, o.Object)
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

// copies compares the copies with the head.
func (c *checking) copies(ctx context.Context) error {
	before := len(c.report.Wrong)
	for _, o := range c.head.Manifest.Outputs {
		if o.Plain == "" {
			continue
		}
		c.count(CheckedCopies)
		_, err := ReadVerified(ctx, c.access, c.output, o.Plain, o.Bytes, o.SHA256)
		if err := c.note(CheckedCopies, o.Plain, err); err != nil {
			return err
		}
	}
	lags, err := c.head.Lagging(ctx, c.access, c.output)
	if lags && len(c.report.Wrong) == before {
		c.wrong(CheckedCopies, c.head.Dir, "the run was stopped before it had updated all copies to version %d", c.head.Version)
	}
	return err
}
