package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Head is a table's log as a writer needs it.
type Head struct {
	Version int64 // the latest version; -1 if there is no log

	log     Log
	state   state
	entries map[int64]Entry // all commits, by version
	commits []Commit        // those after the checkpoint, in order
	cause   error           // why the table cannot be read, if it cannot
}

// Commit describes one commit of a log.
type Commit struct {
	Version   int64
	Time      int64  // in milliseconds since 1970; 0 if it is not said
	Operation string // in the words of the program that wrote it
	Engine    string // the program that wrote it
	Nonce     string
	Rows      bool             // it may have changed the rows
	Apps      map[string]int64 // the versions of applications: see [Txn]
}

// UnwritableError says what prevents this package from writing to a table.
type UnwritableError struct{ Needs string }

func (e *UnwritableError) Error() string {
	return fmt.Sprintf("the Delta table needs %s, which this program does not write", e.Needs)
}

// HeadOf reads the log of a table. It is not an error if there is none.
func HeadOf(ctx context.Context, log Log) (*Head, error) {
	all, err := log.Entries(ctx)
	if err != nil {
		return nil, err
	}
	h := &Head{Version: -1, log: log, state: state{files: map[string]Add{}, full: true, removed: map[string]Remove{}}, entries: map[int64]Entry{}}
	some := false
	for _, e := range all {
		if m := commitName.FindStringSubmatch(e.Name); m != nil {
			h.entries[number(m[1])] = e
			some = true
		}
		some = some || checkpointName.MatchString(e.Name) || newCheckpoint.MatchString(e.Name)
	}
	if !some {
		return h, nil
	}
	p, err := planOf(all)
	if err != nil {
		return nil, unwritable(err)
	}
	h.Version = p.version
	parts := slices.Concat(p.checkpoint, p.commits)
	if err := withinLimits(parts); err != nil {
		return nil, err
	}
	err = inOrder(ctx, log, parts, func(i int, e Entry, content []byte) error {
		if i < len(p.checkpoint) {
			return h.state.addCheckpoint(ctx, content)
		}
		if err := h.state.addCommit(content); err != nil {
			return err
		}
		h.commits = append(h.commits, summary(p.version-int64(len(parts)-1-i), content))
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, h.cause = h.state.snapshot(h.Version)
	return h, nil
}

// unwritable turns the error of a reader into that of a writer.
func unwritable(err error) error {
	var u *UnreadableError
	if errors.As(err, &u) {
		return &UnwritableError{u.Needs}
	}
	return err
}

// Files returns the files of the latest version, sorted by path.
func (h *Head) Files() []Add {
	files := make([]Add, 0, len(h.state.files))
	for _, f := range h.state.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b Add) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// summary describes a commit. It never fails: fields that do not have the usual form are left empty, because the protocol does not fix them.
func summary(version int64, content []byte) Commit {
	c := Commit{Version: version, Apps: map[string]int64{}}
	for line := range bytes.SplitSeq(content, []byte{'\n'}) {
		var kind map[string]json.RawMessage
		if json.Unmarshal(line, &kind) != nil {
			continue
		}
		for name, raw := range kind {
			var fields map[string]json.RawMessage
			if json.Unmarshal(raw, &fields) != nil {
				continue
			}
			switch name {
			case "commitInfo":
				c.Operation, c.Engine, c.Nonce = textOf(fields["operation"]), textOf(fields["engineInfo"]), textOf(fields["txnId"])
				json.Unmarshal(fields["timestamp"], &c.Time) //nolint:errcheck // 0 if it is no number
			case "txn":
				var version int64
				if json.Unmarshal(fields["version"], &version) == nil {
					c.Apps[textOf(fields["appId"])] = version
				}
			case "add", "remove":
				// OPTIMIZE only rearranges rows, and its actions say so.
				c.Rows = c.Rows || string(fields["dataChange"]) != "false"
			}
		}
	}
	return c
}

func textOf(raw json.RawMessage) string {
	var text string
	json.Unmarshal(raw, &text) //nolint:errcheck // "" if it is no text
	return text
}

// Since says what happened to a table after an application's latest commit.
type Since struct {
	App    int64    // the application's version in its latest commit; -1 if the log has none
	At     int64    // the table's version of that commit; -1 if it is not known
	Nonce  string   // of that commit
	Others []Commit // the commits after it, in order; if At is -1 all that the log still has
	Rows   bool     // the other commits may have changed rows; always true if App or At is -1 and the table has files
}

// Since returns what other programs did to the table after an application's latest commit.
func (h *Head) Since(ctx context.Context, app string) (s Since, err error) {
	s = Since{App: -1, At: -1}
	if v, ok := h.state.versions[app]; ok {
		s.App = v
	}
	after := func(c Commit) bool { // adds a commit, from the newest on, and tells whether it is one of others
		if v, ok := c.Apps[app]; ok && v == s.App {
			s.At, s.Nonce = c.Version, c.Nonce
			return false
		}
		s.Others = append(s.Others, c)
		return true
	}
	v := h.Version
	for ; v > h.Version-int64(len(h.commits)); v-- {
		if !after(h.commits[len(h.commits)-1-int(h.Version-v)]) {
			break
		}
	}
	// A checkpoint of another program may be newer than the commit. The log usually still has the commits that are in a checkpoint.
	for ; s.At < 0 && s.App >= 0; v-- {
		e, there := h.entries[v]
		if !there {
			break
		}
		content, err := h.log.Read(ctx, e)
		if err != nil {
			return s, fmt.Errorf("%s/%s: %w", Folder, e.Name, err)
		}
		if !after(summary(v, content)) {
			break
		}
	}
	slices.Reverse(s.Others)
	s.Rows = slices.ContainsFunc(s.Others, func(c Commit) bool { return c.Rows }) || s.At < 0 && len(h.state.files) > 0
	return s, nil
}

// Commits returns all commits that the log still has, in order.
func (h *Head) Commits(ctx context.Context) ([]Commit, error) {
	var entries []Entry
	for _, e := range h.entries {
		entries = append(entries, e)
	}
	if err := withinLimits(entries); err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	commits := make([]Commit, 0, len(entries))
	err := inOrder(ctx, h.log, entries, func(_ int, e Entry, content []byte) error {
		commits = append(commits, summary(number(strings.TrimSuffix(e.Name, ".json")), content))
		return nil
	})
	return commits, err
}

// writes are the writer features with which this package can write.
var writes = map[string]bool{"appendOnly": true, "invariants": true, timestampNtz: true, "vacuumProtocolCheck": true}

// Writable returns an error if this package must not or cannot write to the table.
func (h *Head) Writable() error {
	if h.Version < 0 {
		return nil
	}
	if h.cause != nil {
		return unwritable(h.cause)
	}
	p, m := *h.state.protocol, *h.state.metadata
	switch {
	case p.MinReaderVersion == 2, p.MinWriterVersion > plainWriter && p.MinWriterVersion != namedWriter, p.MinWriterVersion < 1:
		return &UnwritableError{fmt.Sprintf("reader version %d and writer version %d (1 or 3, and 1, 2 or 7 are known)", p.MinReaderVersion, p.MinWriterVersion)}
	case p.MinWriterVersion == namedWriter:
		var unknown []string
		for _, f := range slices.Concat(p.ReaderFeatures, p.WriterFeatures) {
			if !writes[f] {
				unknown = append(unknown, f)
			}
		}
		slices.Sort(unknown)
		if unknown = slices.Compact(unknown); len(unknown) > 0 {
			return &UnwritableError{"the feature " + strings.Join(unknown, " and ")}
		}
	}
	if strings.EqualFold(m.Configuration["delta.appendOnly"], "true") {
		return &UnwritableError{"that nothing is removed from it (delta.appendOnly)"}
	}
	if m.SchemaString == "" { // some readers refuse such a table, whatever is written to it
		return fmt.Errorf("version %d: found no schema in its log, expected one; the log is damaged", h.Version)
	}
	schema, err := m.Schema()
	if err != nil {
		return err
	}
	for _, f := range schema.Fields {
		var settings map[string]json.RawMessage
		json.Unmarshal(f.Metadata, &settings) //nolint:errcheck // none, if it is no object
		for name := range settings {
			if strings.HasPrefix(name, "delta.") {
				return &UnwritableError{fmt.Sprintf("%s for the column %q", name, f.Name)}
			}
		}
	}
	return nil
}
