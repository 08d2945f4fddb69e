package delta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Folder is the name of the folder that has the log of a table.
const Folder = "_delta_log"

// Log gives access to the files in a table's folder _delta_log.
type Log interface {
	// Entries returns the files, in any order.
	Entries(ctx context.Context) ([]Entry, error)
	// Read returns the content of a file. It may be called concurrently.
	Read(ctx context.Context, e Entry) ([]byte, error)
}

// Entry is a file of a log.
type Entry struct {
	Name string // without its folder
	Size int64  // bytes
}

// Limits on what a log may make a reader allocate. The log of a table of 100,000 files is far below them.
const (
	maxEntryBytes = 64 << 20  // the size of one file of the log
	maxLogBytes   = 512 << 20 // the size of all files of the log that are read
	maxFiles      = 1 << 20   // the number of files in the latest version
	maxKeptBytes  = 128 << 20 // the size of the paths and partition values of these files
	readAtOnce    = 16        // how many files of the log are read concurrently
	ahead         = 1 << 20   // the largest file that is read before its turn
)

// Snapshot is a version of a table.
type Snapshot struct {
	Version  int64
	Protocol Protocol
	Metadata Metadata
	Schema   Schema
	Files    []Add // sorted by path; without Stats
}

var (
	commitName     = regexp.MustCompile(`^(\d{20})\.json$`)
	checkpointName = regexp.MustCompile(`^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$`)
	newCheckpoint  = regexp.MustCompile(`^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(?:json|parquet)$`)
)

// plan says which files of a log make up the latest version.
type plan struct {
	version    int64   // the latest
	checkpoint []Entry // the parts of the newest complete checkpoint, in order; none if there is no checkpoint
	commits    []Entry // the commits after it, in order
}

// planOf finds the newest complete checkpoint and the commits after it, from the names of the files. It does not read the file
// _last_checkpoint, which only repeats this and may be damaged.
func planOf(entries []Entry) (p plan, err error) {
	commits := map[int64]Entry{}
	parts := map[int64]map[int64]map[int64]Entry{} // by version, then by number of parts, then by part
	p.version = -1
	unread := false // a checkpoint of a newer form
	for _, e := range entries {
		if m := commitName.FindStringSubmatch(e.Name); m != nil {
			v := number(m[1])
			commits[v] = e
			p.version = max(p.version, v)
		}
		if m := checkpointName.FindStringSubmatch(e.Name); m != nil {
			version, part, of := number(m[1]), int64(1), int64(1)
			if m[2] != "" {
				part, of = number(m[2]), number(m[3])
			}
			if parts[version] == nil {
				parts[version] = map[int64]map[int64]Entry{}
			}
			if parts[version][of] == nil {
				parts[version][of] = map[int64]Entry{}
			}
			if part >= 1 && part <= of {
				parts[version][of][part] = e
			}
		}
		unread = unread || newCheckpoint.MatchString(e.Name)
	}
	at := int64(-1) // the version of the checkpoint
	for version, forms := range parts {
		for of, have := range forms {
			if int64(len(have)) != of || version < at || version == at && len(p.checkpoint) <= len(have) {
				continue
			}
			at, p.checkpoint = version, make([]Entry, of)
			for part, e := range have {
				p.checkpoint[part-1] = e
			}
		}
	}
	p.version = max(p.version, at)
	if p.version < 0 {
		return p, errors.New("found no commit in " + Folder)
	}
	for v := at + 1; v <= p.version; v++ {
		e, ok := commits[v]
		if !ok && unread {
			return p, &UnreadableError{"a checkpoint of the newer form (v2)"}
		}
		if !ok {
			return p, fmt.Errorf("found no %020d.json in %s, expected the commits of all versions from %d to %d; restore it, or write the rows to a new table", v, Folder, at+1, p.version)
		}
		p.commits = append(p.commits, e)
	}
	return p, nil
}

// number reads digits. A number of more than 64 bits becomes the largest number.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

// Latest reads the latest version of a table. Errors say what was found in the log and what to do; they do not name the table.
func Latest(ctx context.Context, log Log) (*Snapshot, error) {
	entries, err := log.Entries(ctx)
	if err != nil {
		return nil, err
	}
	p, err := planOf(entries)
	if err != nil {
		return nil, err
	}
	s := state{files: map[string]Add{}}
	if err := withinLimits(slices.Concat(p.checkpoint, p.commits)); err != nil {
		return nil, err
	}
	checkpoints := len(p.checkpoint)
	err = inOrder(ctx, log, slices.Concat(p.checkpoint, p.commits), func(i int, e Entry, content []byte) error {
		if i < checkpoints {
			return s.addCheckpoint(ctx, content)
		}
		return s.addCommit(content)
	})
	if err != nil {
		return nil, err
	}
	return s.snapshot(p.version)
}

// withinLimits refuses a log that is too large.
func withinLimits(entries []Entry) error {
	total := int64(0)
	for _, e := range entries {
		if total += e.Size; e.Size > maxEntryBytes || total > maxLogBytes {
			return fmt.Errorf("%s/%s: found a log of more than %d MiB, or a file of more than %d MiB in it; make a checkpoint of the table", Folder, e.Name, maxLogBytes>>20, maxEntryBytes>>20)
		}
	}
	return nil
}

// inOrder reads files and calls take with each of them, in order. Small files are read before their turn, several at once, because each
// file is a request.
func inOrder(ctx context.Context, log Log, entries []Entry, take func(i int, e Entry, content []byte) error) error {
	type result struct {
		content []byte
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := func(e Entry) (r result) {
		if r.content, r.err = log.Read(ctx, e); r.err == nil && int64(len(r.content)) > maxEntryBytes {
			r = result{err: fmt.Errorf("found more than %d MiB", maxEntryBytes>>20)}
		}
		return r
	}
	pending := make([]chan result, len(entries))
	next := 0
	for i, e := range entries {
		for ; next < min(len(entries), i+readAtOnce); next++ {
			if e := entries[next]; e.Size <= ahead {
				c := make(chan result, 1)
				pending[next] = c
				go func() { c <- read(e) }()
			}
		}
		var r result
		if c := pending[i]; c != nil {
			r, pending[i] = <-c, nil
		} else {
			r = read(e)
		}
		if r.err == nil {
			r.err = take(i, e, r.content)
		}
		if r.err != nil {
			return fmt.Errorf("%s/%s: %w", Folder, e.Name, r.err)
		}
	}
	return nil
}

// state is the result of all actions so far.
type state struct {
	protocol *Protocol
	metadata *Metadata
	files    map[string]Add   // by [key] and the id of the deletion vector
	kept     int64            // the size of what is in files and versions, in bytes
	versions map[string]int64 // by application: see [Txn]

	// Only a writer needs these: the statistics of files, and the files that were removed, by key.
	full    bool
	removed map[string]Remove
}

// addCommit applies the actions of one commit.
func (s *state) addCommit(content []byte) error {
	for n := 1; len(content) > 0; n++ {
		line, rest, _ := bytes.Cut(content, []byte{'\n'})
		content = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		a, err := parseAction(line)
		if err == nil {
			err = s.add(a)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

// add applies one action.
func (s *state) add(a Action) error {
	if a.Protocol != nil {
		s.protocol = a.Protocol
	}
	if a.Metadata != nil {
		s.metadata = a.Metadata
	}
	if a.Txn != nil {
		if s.versions == nil {
			s.versions = map[string]int64{}
		}
		if _, known := s.versions[a.Txn.AppID]; !known {
			s.kept += int64(len(a.Txn.AppID))
		}
		s.versions[a.Txn.AppID] = a.Txn.Version
	}
	if a.Remove != nil {
		k := key(a.Remove.Path) + a.Remove.DeletionVector.id()
		s.kept -= sizeOf(s.files[k])
		delete(s.files, k)
		if s.full {
			s.kept += int64(len(k)) - int64(len(s.removed[k].Path))
			s.removed[k] = *a.Remove
		}
	}
	if a.Add != nil {
		if !s.full {
			a.Add.Stats = "" // no reader needs the statistics, and they are most of the log
		}
		k := key(a.Add.Path) + a.Add.DeletionVector.id()
		s.kept += sizeOf(*a.Add) - sizeOf(s.files[k])
		s.files[k] = *a.Add
		delete(s.removed, k)
	}
	if len(s.files)+len(s.removed) > maxFiles || s.kept > maxKeptBytes {
		return fmt.Errorf("found more than %d files, or paths and partition values of more than %d MiB; combine small files (OPTIMIZE)", maxFiles, maxKeptBytes>>20)
	}
	return nil
}

// sizeOf returns roughly how many bytes of memory an Add takes.
func sizeOf(a Add) int64 {
	n := len(a.Path) + len(a.DeletionVector.id())
	for name, value := range a.PartitionValues {
		if n += len(name); value != nil {
			n += len(*value)
		}
	}
	return int64(n)
}

// snapshot checks that the table can be read as it is.
func (s *state) snapshot(version int64) (*Snapshot, error) {
	switch {
	case s.protocol == nil:
		return nil, fmt.Errorf("version %d: found no protocol in its log, expected one; the log is damaged: restore it, or write the rows to a new table", version)
	case s.metadata == nil:
		return nil, fmt.Errorf("version %d: found no metadata in its log, expected the table's schema; the log is damaged: restore it, or write the rows to a new table", version)
	}
	if err := s.protocol.Check(*s.metadata); err != nil {
		return nil, err
	}
	schema, err := s.metadata.Schema()
	if err != nil {
		return nil, err
	}
	out := &Snapshot{Version: version, Protocol: *s.protocol, Metadata: *s.metadata, Schema: schema, Files: make([]Add, 0, len(s.files))}
	for _, f := range s.files {
		if f.DeletionVector != nil {
			return nil, &UnreadableError{fmt.Sprintf("deletion vectors (of %s)", f.Path)}
		}
		for _, c := range s.metadata.PartitionColumns {
			if _, ok := f.PartitionValues[c]; !ok {
				return nil, fmt.Errorf("version %d: %s: found no value of the partition column %q; the log is damaged: restore it, or write the rows to a new table", version, f.Path, c)
			}
		}
		out.Files = append(out.Files, f)
	}
	slices.SortFunc(out.Files, func(a, b Add) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// Partition is the value of a partition column in a file.
type Partition struct {
	Name  string
	Value string // as text; "" if it is null
	Null  bool
	Type  string // as the schema names it; "" if the schema does not have the column
}

// Partitions returns the values of a file's partition columns, in the table's order.
func (s *Snapshot) Partitions(f Add) []Partition {
	var list []Partition
	for _, name := range s.Metadata.PartitionColumns {
		p := Partition{Name: name, Null: true}
		if i := slices.IndexFunc(s.Schema.Fields, func(f Field) bool { return f.Name == name }); i >= 0 {
			p.Type = s.Schema.Fields[i].Named()
		}
		if v := f.PartitionValues[name]; v != nil && *v != "" { // an empty text is null for any type
			p.Value, p.Null = *v, false
		}
		list = append(list, p)
	}
	return list
}
