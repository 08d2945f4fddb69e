package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/delta"
	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/transforms/fault"
)

// Delta is the format delta: each table is a Delta table in the folder DIR/<table>. This folder also has the data files of all versions, as
// parquet. There are no copies, because readers of a Delta table find its files through its log.
type Delta struct{ Parquet }

// DeltaName is the name of the format delta.
const DeltaName = "delta"

// Name is "delta".
func (Delta) Name() string { return DeltaName }

const parquetEnding = ".parquet"

// dataPath returns the path of a version's data file of a Delta table, below the output.
func dataPath(table string, version int64, run string) string {
	return table + "/v" + versionName(version, run) + parquetEnding
}

// dataFile is the place of a data file below the output: its table's folder, then the version and the run.
var dataFile = regexp.MustCompile(`^[^/]+/v([1-9][0-9]*-[0-9a-f]{16})\.parquet$`)

// dataFiles returns the data files of all Delta tables that an output has or had: the name of the version by place below the output.
func dataFiles(ctx context.Context, access objstore.Access, output string) (map[string]string, error) {
	base := objstore.Join(output, "x")
	base = base[:len(base)-1] // with its last slash
	objects, err := access.List(ctx, base, 1)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, o := range objects {
		place := strings.ReplaceAll(strings.TrimPrefix(o.URI, base), `\`, "/")
		if m := dataFile.FindStringSubmatch(place); m != nil {
			found[place] = m[1]
		}
	}
	return found, nil
}

// CheckColumns refuses a table with columns that the format cannot store.
func CheckColumns(format, table string, schema *arrow.Schema) error {
	if format != DeltaName {
		return nil
	}
	if _, err := delta.FieldsOf(schema); err != nil {
		return fmt.Errorf("table %s: --format=%s: %w", table, DeltaName, err)
	}
	return nil
}

// logOf returns the log of a Delta table of an output.
func logOf(access objstore.Access, output, table string) delta.WritableLog {
	return delta.LogOf(access, objstore.Join(output, table))
}

// appOf returns the name of an output in the action txn of Delta logs. It is "" if the output has no commit.
func appOf(m *Manifest) string {
	if m == nil || m.Commit == nil || m.Commit.Output == "" {
		return ""
	}
	return "tripstats/" + m.Commit.Output
}

// eachTable calls do for each table, several at once, and returns the first error in the order of the tables.
func eachTable(tables []string, do func(i int, table string) error) error {
	errs := make([]error, len(tables))
	_ = objstore.Each(len(tables), func(i int) error { errs[i] = do(i, tables[i]); return nil })
	return cmp.Or(errs...)
}

// readyLogs refuses to commit if the run must not or cannot write to a Delta table: with exit code 5 if another program has changed its rows
// and replace is false, with exit code 1 if the table needs a feature that this program cannot write. base is the manifest of the head; it
// may be nil. readyLogs also examines tables of base that this run does not make, because their rows will be removed.
func readyLogs(ctx context.Context, cfg Config, base *Manifest, replace bool) error {
	if cfg.Format != DeltaName {
		return nil
	}
	tables := slices.Clone(cfg.Tables)
	if base != nil && base.Format == DeltaName {
		for _, o := range base.Outputs {
			if !slices.Contains(tables, o.Table) {
				tables = append(tables, o.Table)
			}
		}
	}
	app, shown := appOf(base), objstore.Redact(cfg.Output)
	return eachTable(tables, func(_ int, table string) error {
		h, err := delta.HeadOf(ctx, logOf(cfg.Access, cfg.Output, table))
		if err == nil {
			err = h.Writable()
		}
		if err != nil {
			return fault.New(fault.Failed, "output %s: table %s: %v; nothing was published: name another folder with --output, or move the table away", shown, table, err)
		}
		if replace || h.Version < 0 {
			return nil
		}
		s, err := h.Since(ctx, app)
		if err != nil {
			return fault.New(fault.Failed, "output %s: table %s: %v; nothing was published", shown, table, err)
		}
		const wayOut = "; nothing was published: save these rows elsewhere and give --existing=replace, or name another folder with --output"
		switch {
		case app == "" || s.App < 0:
			return fault.New(fault.Gate, "output %s: table %s: found a Delta table of another program or of another output"+wayOut, shown, table)
		case s.App > base.Commit.Version:
			return fault.New(fault.Gate, "output %s: table %s: its log has version %d of this output, but %s has only version %d"+wayOut, shown, table, s.App, ManifestName, base.Commit.Version)
		case s.Rows:
			return fault.New(fault.Gate, "output %s: table %s: other programs have changed its rows since version %d of this output%s"+wayOut, shown, table, s.App, described(s.Others))
		}
		return nil
	})
}

// described lists, for a message, the commits that may have changed rows.
func described(commits []delta.Commit) string {
	var list []string
	for _, c := range commits {
		if !c.Rows {
			continue
		}
		text := fmt.Sprintf("Delta's version %d", c.Version)
		if c.Operation != "" {
			text += ", " + c.Operation
		}
		if c.Engine != "" {
			text += " by " + c.Engine
		}
		if c.Time != 0 {
			text += time.UnixMilli(c.Time).UTC().Format(" at 2006-01-02 15:04:05Z")
		}
		list = append(list, text)
	}
	switch {
	case len(list) == 0:
		return ""
	case len(list) > 3:
		list = append(list[:3], fmt.Sprintf("%d more", len(list)-3))
	}
	return " (" + strings.Join(list, "; ") + ")"
}

// forwardLogs updates the logs of Delta tables to m, the manifest of the head. before names tables that earlier versions had and m does not
// have: they lose their rows. now is the time of the commits. wanted reads the head again and tells whether m still is its manifest. If not,
// forwardLogs stops without an error, because the run that committed the new head updates the logs. wanted is called concurrently.
// forwardLogs does not change a log that has the version already. It returns the places below the output of the commits that it made.
func forwardLogs(ctx context.Context, access objstore.Access, output string, m *Manifest, before []string, now time.Time, wanted func() (bool, error)) (made []string, err error) {
	app := appOf(m)
	if m.Format != DeltaName || app == "" {
		return nil, nil
	}
	var tables []string
	for _, o := range m.Outputs {
		tables = append(tables, o.Table)
	}
	before = slices.DeleteFunc(slices.Clone(before), func(t string) bool { return slices.Contains(tables, t) })
	all := append(slices.Clone(tables), before...)
	commits := make([]string, len(all))
	err = eachTable(all, func(i int, table string) error {
		sum := sha256.Sum256([]byte(m.Commit.Output + "/" + table))
		change := delta.Change{
			App: app, Version: m.Commit.Version, Nonce: m.Commit.Nonce, Time: now.UnixMilli(), Engine: m.Program.Name + "/" + m.Program.Version,
			ID: fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]),
		}
		log := logOf(access, output, table)
		if i < len(tables) {
			o := m.Outputs[i]
			content, err := access.ReadAll(ctx, objstore.Join(output, o.Path))
			if err != nil {
				return fmt.Errorf("%s: %w", o.Path, objstore.Reason(err))
			}
			rows, err := parquetio.ReadTable(content)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Path, err)
			}
			change.Schema = rows.Schema()
			change.File = &delta.File{Path: strings.TrimPrefix(o.Path, table+"/"), Size: o.Bytes, Rows: o.Rows, Modified: now.UnixMilli()}
			rows.Release()
		}
		at, made, err := delta.Forward(ctx, log, change, wanted)
		if errors.Is(err, delta.ErrSuperseded) {
			return nil
		}
		if made {
			commits[i] = table + "/" + delta.Folder + "/" + delta.NameOf(at)
			step(stepLog)
			_, err = delta.Checkpoint(ctx, log, at, now.UnixMilli())
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		return nil
	})
	return slices.DeleteFunc(commits, func(c string) bool { return c == "" }), err
}

// TableLog compares the log of a Delta table with what an output's manifest says of the table.
type TableLog struct {
	Table   string
	Version int64 // the table's latest version, as Delta Lake counts; -1 if there is no log

	Ours   int64          // the latest version of the output that the log has; -1 if it has none
	At     int64          // the table's version, as Delta Lake counts, that has Ours; -1 if it is not known
	Others []delta.Commit // what other programs committed after it
	Rows   bool           // whether Others may have changed rows

	Numbers map[int64]int64 // by version of the output: the table's version, as far as the log still has it
	Wrong   string          // why readers of the log do not see the rows that the manifest names; "" if they do
}

// TableLogs looks at the logs of all tables of an output. There are none unless the output's format is delta. An error means that a store
// did not answer; what is wrong with a log is in TableLog.Wrong.
func TableLogs(ctx context.Context, access objstore.Access, output string, m *Manifest) ([]TableLog, error) {
	if m.Format != DeltaName {
		return nil, nil
	}
	app := appOf(m)
	logs := make([]TableLog, len(m.Outputs))
	tables := make([]string, len(m.Outputs))
	for i, o := range m.Outputs {
		tables[i] = o.Table
	}
	return logs, eachTable(tables, func(i int, table string) error {
		t := TableLog{Table: table, Version: -1, Ours: -1, At: -1}
		wrong, err := t.compare(ctx, logOf(access, output, table), app, m, m.Outputs[i])
		if err != nil && fault.CodeOf(err, fault.OK) == fault.Unavailable {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if t.Wrong = wrong; err != nil {
			t.Wrong = err.Error()
		}
		logs[i] = t
		return nil
	})
}

// compare fills in what the log says, and returns what differs from the manifest.
func (t *TableLog) compare(ctx context.Context, log delta.Log, app string, m *Manifest, o Output) (wrong string, err error) {
	h, err := delta.HeadOf(ctx, log)
	if err != nil {
		return "", err
	}
	if t.Version = h.Version; t.Version < 0 {
		return fmt.Sprintf("found no log in %s/%s", t.Table, delta.Folder), nil
	}
	s, err := h.Since(ctx, app)
	if err != nil {
		return "", err
	}
	t.Ours, t.At, t.Others, t.Rows = s.App, s.At, s.Others, s.Rows
	commits, err := h.Commits(ctx)
	if err != nil {
		return "", err
	}
	t.Numbers = map[int64]int64{}
	for _, c := range commits {
		if v, ok := c.Apps[app]; ok {
			t.Numbers[v] = c.Version
		}
	}
	if err := h.Writable(); err != nil {
		return "", err
	}
	files := h.Files()
	place := ""
	if len(files) == 1 {
		place, _, _ = delta.Path(files[0].Path)
	}
	switch {
	case s.App < 0:
		return "the log has no version of this output", nil
	case s.Rows:
		return fmt.Sprintf("other programs have changed its rows since version %d%s", s.App, described(s.Others)), nil
	case s.App != m.Commit.Version || s.At >= 0 && s.Nonce != m.Commit.Nonce:
		return fmt.Sprintf("the log has version %d of this output, expected version %d", s.App, m.Commit.Version), nil
	case len(files) != 1:
		return fmt.Sprintf("the log has %d files, expected %s alone", len(files), o.Path), nil
	case t.Table+"/"+place != o.Path && len(s.Others) > 0:
		return fmt.Sprintf("another program has moved the rows to the file %s; it says that the rows are unchanged", files[0].Path), nil
	case t.Table+"/"+place != o.Path || files[0].Size != o.Bytes:
		return fmt.Sprintf("the log has the file %s of %d bytes, expected %s of %d bytes", files[0].Path, files[0].Size, o.Path, o.Bytes), nil
	}
	return "", nil
}
