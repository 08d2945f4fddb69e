// Package publish ends the pipeline: one transform that all tables flow into. It reconciles the rows, writes every
// table as a temporary, moves them into place and writes the manifest last. Nothing is published before every check
// has passed, and an interrupted run leaves each previous table whole.
//
// The output below DIR:
//
//	DIR/<table>/<table>.parquet   the tables
//	DIR/_manifest.json            a [Manifest], written last
//	DIR/.tripstats/               the lock, and temporaries while a run publishes
package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// listeners has the functions that [Listen] was given, by the ID of the run. A DoFn cannot carry functions of this process.
var listeners sync.Map

// Listen calls told with messages for the user while the run of an ID publishes, such as that it waits for another run. A process
// without a listener, such as a worker of a remote runner, writes the messages to its log.
func Listen(id string, told func(text string)) (stop func()) {
	listeners.Store(id, told)
	return func() { listeners.Delete(id) }
}

// notice gives the user a message about the output.
func (cfg Config) notice(ctx context.Context, text string) {
	if told, ok := listeners.Load(cfg.ID); ok {
		told.(func(string))("output " + text)
		return
	}
	log.Warn(ctx, "output "+text)
}

// Config is what the transform is told. It travels in the DoFn, so its fields are exported.
type Config struct {
	Output      string // folder, or address in a store
	Access      objstore.Access
	ID          string   // of this run, fixed at submission; names its temporaries
	Tables      []string // the tables there must be
	Absent      []string // tables of other runs, with other flags, that must not be there
	Balance     []Total  // what must sum to the rows counted of all inputs, without those that the table filters
	MaxRejected int64    // of a file's rows, in parts per million, that row rules may refuse; negative for any
	Format      string   // in which tables are written: the name of a Format, or "" for the first
	Meta        []Meta
	Program     Program
	Quality     string
	Rules       *Rules // nil where no rule was applied
	Flags       map[string]string
	Datasets    []Dataset          // that the user declared
	Sample      bool               // the input is made up: it does not replace tables of real data
	Quarantine  *quarantine.Config // nil where rows that rules refused are not kept

	// Before is what the output had when the run began: see [Seen].
	Before string

	// Base is what the output had when the run was planned.
	Base Base

	// KeepVersions is how many versions the output keeps, this one included; 0 for DefaultVersions.
	KeepVersions int

	// What is kept of the inputs for later runs: see package kept. Nothing is kept if Identity is "".
	Identity string
	Kept     []kept.Input // the entries of the base's index that go on

	// For the record of the run, which decides nothing.
	Runner string
	Start  time.Time

	// Fenced says that an attempt at publishing may come after the run has ended, as on a cluster. So the output keeps
	// which runs have published and which have been given up. See [Revoke].
	Fenced bool
}

// Total names an int64 column of a table. Without a column it is the table's own count: element.Table.Counted.
type Total struct{ Table, Column string }

func (t Total) String() string {
	if t.Column == "" {
		return "the trips in its groups"
	}
	return t.Column
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[publishFn]())
	beam.RegisterDoFn(reflect.TypeFor[publishAllFn]())
	register.Iter1[quarantine.File]()
	register.Iter1[element.AdmittedFiles]()
	register.Iter1[element.LeftOut]()
	register.Iter1[element.Tallies]()
	register.Iter1[element.Table]()
	register.Iter1[element.Remembered]()
}

// Inputs are what meets in Publish.
type Inputs struct {
	Files   beam.PCollection   // of element.AdmittedFiles: what was read
	LeftOut beam.PCollection   // of element.LeftOut: what was matched and, as asked, not read
	Tallies beam.PCollection   // of element.Tallies: what became of the rows of each file
	Tables  []beam.PCollection // of element.Table: the finished tables
	Kept    []beam.PCollection // of quarantine.File: one where rows are kept, else none

	Remembered []beam.PCollection // of element.Remembered, of the inputs that this run has looked at: one where results are kept, else none
}

// Publish reconciles and publishes. It has no output: a run that ends without error has published.
func Publish(s beam.Scope, cfg Config, in Inputs) {
	s = s.Scope("publish.Publish")
	all := in.Tables[0]
	if len(in.Tables) > 1 {
		all = beam.Flatten(s, in.Tables...)
	}
	if len(in.Remembered) == 0 {
		in.Remembered = []beam.PCollection{beam.CreateList(s, []element.Remembered{})}
	}
	sides := []beam.Option{
		beam.SideInput{Input: in.Files}, beam.SideInput{Input: in.LeftOut}, beam.SideInput{Input: in.Tallies}, beam.SideInput{Input: all},
		beam.SideInput{Input: in.Remembered[0]},
	}
	if cfg.Quarantine == nil {
		beam.ParDo0(s, &publishFn{Config: cfg}, beam.Impulse(s), sides...)
		return
	}
	beam.ParDo0(s, &publishAllFn{Config: cfg}, beam.Impulse(s), append(sides, beam.SideInput{Input: in.Kept[0]})...)
}

type publishFn struct{ Config Config }

func (fn *publishFn) ProcessElement(ctx context.Context, _ []byte, files func(*element.AdmittedFiles) bool, leftOut func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool, remembered func(*element.Remembered) bool) error {
	r := result{files: element.DrainLists(files, filesOf), leftOut: element.Drain(leftOut), tallies: element.DrainLists(tallies, talliesOf), tables: element.Drain(tables), remembered: element.Drain(remembered)}
	return r.checkAndPublish(ctx, fn.Config)
}

// publishAllFn publishes the quarantine too.
type publishAllFn struct{ Config Config }

func (fn *publishAllFn) ProcessElement(ctx context.Context, _ []byte, files func(*element.AdmittedFiles) bool, leftOut func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool, remembered func(*element.Remembered) bool, kept func(*quarantine.File) bool) error {
	r := result{files: element.DrainLists(files, filesOf), leftOut: element.Drain(leftOut), tallies: element.DrainLists(tallies, talliesOf), tables: element.Drain(tables), remembered: element.Drain(remembered), kept: element.Drain(kept)}
	return r.checkAndPublish(ctx, fn.Config)
}

// checkAndPublish reconciles, applies the gate and publishes.
func (r *result) checkAndPublish(ctx context.Context, cfg Config) error {
	if err := r.check(ctx, cfg); err != nil {
		return err
	}
	return r.publish(ctx, cfg)
}

// check reconciles and applies the gate.
func (r *result) check(ctx context.Context, cfg Config) error {
	slices.SortFunc(r.files, func(a, b element.Admitted) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Taxi, b.Taxi))
	})
	slices.SortFunc(r.leftOut, func(a, b element.LeftOut) int { return strings.Compare(a.Source, b.Source) })
	slices.SortFunc(r.tables, func(a, b element.Table) int {
		return slices.Index(cfg.Tables, a.Name) - slices.Index(cfg.Tables, b.Name)
	})
	if err := r.reconcile(cfg); err != nil {
		return err
	}
	if cfg.Quarantine != nil {
		if err := quarantine.Check(r.kept, r.tallies); err != nil {
			return fault.New(fault.Failed, "reconciliation: %v; %s", err, fault.Ours)
		}
	}
	return r.gate(ctx, cfg)
}

func filesOf(l element.AdmittedFiles) []element.Admitted { return l.Files }
func talliesOf(l element.Tallies) []element.Tally        { return l.List }

// result is all that a run found out.
type result struct {
	files   []element.Admitted
	leftOut []element.LeftOut
	tallies []element.Tally
	tables  []element.Table
	kept    []quarantine.File

	remembered []element.Remembered
}

// keepUnpublished moves the refused rows to a folder where the user can look at them. The rows of the run that published last
// stay.
func (r *result) keepUnpublished(ctx context.Context, cfg quarantine.Config) error {
	Critical.Lock()
	defer Critical.Unlock()
	change, err := quarantine.Prepare(ctx, cfg, r.kept, quarantine.Proof{})
	if err == nil {
		err = change.Do()
	}
	if err != nil {
		return notKept(cfg, err)
	}
	return nil
}

// notKept returns the fault for an error of the quarantine before anything has changed.
func notKept(cfg quarantine.Config, err error) error {
	return fault.New(fault.Failed, "quarantine %s: %v; nothing was published", cfg.Dir, objstore.Reason(err))
}

// staging opens the staging area. It is a variable for tests.
var staging = objstore.Access.NewStaging

// publish writes the tables, the manifest and the quarantine, all or nothing. It may run again, and several attempts may run at
// once: each writes the same bytes under its own names and moves them into place.
func (r *result) publish(ctx context.Context, cfg Config) (err error) {
	format, err := FormatOf(cfg.Format)
	if err != nil {
		return err
	}
	plan := planOf(cfg, format)
	stage, err := staging(cfg.Access, ctx, cfg.Output, cfg.ID, plan.places(), func(text string) { cfg.notice(ctx, text) })
	switch {
	case errors.Is(err, objstore.ErrBusy):
		return fault.New(fault.Conflict, "output %v; run again when it is done", err)
	case err != nil:
		return fault.New(fault.Failed, "output %v; nothing was published", err)
	}
	shown := objstore.Redact(cfg.Output)
	defer func() {
		switch closed := stage.Close(); {
		case closed == nil:
		case err == nil:
			cfg.notice(ctx, fmt.Sprintf("%s: all is published, but what the run needed for that could not be removed: %v", shown, closed))
		default:
			err = errors.Join(err, closed)
		}
	}()
	nothing := func(what string, err error) error {
		return unpublished(err, "output %s: %s%v; nothing was published", shown, what, objstore.Reason(err))
	}
	past, err := readPast(ctx, cfg)
	switch {
	case err != nil:
		return nothing("", err)
	case past[cfg.ID] == published: // another attempt of this run was first
		return nil
	case past[cfg.ID] == revoked:
		return fault.New(fault.Conflict, "output %s: this run has been given up, so it may not publish any more", shown)
	}
	if err := KeepTables(ctx, cfg); err != nil {
		return err
	}
	if err := keepReal(ctx, cfg); err != nil {
		return err
	}
	meanwhile := cfg.replacesAnother(ctx)
	m := r.manifest(cfg)
	for _, t := range r.tables {
		sum := &summer{hash: sha256.New()}
		if err := stage.Stage(t.Name, func(w io.Writer) error {
			return format.Write(io.MultiWriter(w, sum), t.Record, cfg.Meta)
		}); err != nil {
			return nothing("table "+t.Name+": ", err)
		}
		m.Outputs = append(m.Outputs, Output{
			Table: t.Name, Path: place(t.Name, format), Rows: t.Record.NumRows(), Bytes: sum.bytes, SHA256: sum.sum(),
		})
	}
	manifest := &summer{hash: sha256.New()}
	if err := stage.Stage(manifestStage, func(w io.Writer) error { return m.write(io.MultiWriter(w, manifest)) }); err != nil {
		return nothing("manifest: ", err)
	}
	if err := past.stage(stage, cfg, published); err != nil {
		return nothing("", err)
	}
	if err := stage.Prepare(plan.publish, plan.remove); err != nil {
		return nothing("", err)
	}
	change := &quarantine.Change{}
	if cfg.Quarantine != nil {
		if change, err = quarantine.Prepare(ctx, *cfg.Quarantine, r.kept, cfg.proof(manifest.sum())); err != nil {
			return notKept(*cfg.Quarantine, err)
		}
	}
	Critical.Lock()
	defer Critical.Unlock()
	if err := plan.carryOut(stage, change); err != nil {
		became := "; what was published before is whole: run again"
		if undone := errors.Join(change.Undo(), stage.Undo()); undone != nil {
			became = fmt.Sprintf("; and what was published before could not be put back (%v), so that some tables may be of this run: run again to publish all", undone)
		}
		return unpublished(err, "output %s: %v%s", shown, fault.Advised(err), became)
	}
	if meanwhile {
		cfg.notice(ctx, fmt.Sprintf("%s: another run published there while this one ran; what it published is replaced", shown))
	}
	return nil
}

// plan lists what a publication changes, by place below the output, in order. The manifest comes after everything that it
// describes; the record of the run comes last.
type plan struct{ publish, remove []string }

func planOf(cfg Config, format Format) plan {
	var p plan
	for _, t := range cfg.Tables {
		p.publish = append(p.publish, place(t, format))
		p.remove = append(p.remove, others(t, format)...)
	}
	for _, t := range cfg.Absent {
		p.remove = append(p.remove, place(t, format))
		p.remove = append(p.remove, others(t, format)...)
	}
	p.publish = append(p.publish, ManifestName)
	if cfg.Fenced {
		p.publish = append(p.publish, runsName)
	}
	return p
}

func (p plan) places() []string { return slices.Concat(p.publish, p.remove) }

// proof returns what shows the next run that this one has published: its manifest.
func (cfg Config) proof(manifest string) quarantine.Proof {
	uri := objstore.Join(cfg.Output, ManifestName)
	if scheme, path := objstore.Scheme(uri); scheme == "" {
		if abs, err := filepath.Abs(path); err == nil {
			uri = abs // the next run may have another working directory
		}
	}
	return quarantine.Proof{URI: uri, SHA256: manifest}
}

// carryOut publishes and removes files. It changes the quarantine just before the manifest, and confirms the change just after
// it. After an error some of the changes are done.
func (p plan) carryOut(stage objstore.Staging, change *quarantine.Change) error {
	for _, place := range p.publish {
		if place == ManifestName {
			for _, absent := range p.remove {
				if err := stage.Remove(absent); err != nil {
					return fmt.Errorf("%s of a run before: %w", absent, objstore.Reason(err))
				}
			}
			if err := change.Do(); err != nil {
				return fmt.Errorf("quarantine: %w", err)
			}
		}
		if err := stage.Publish(stagedAs(place), place); err != nil {
			return fmt.Errorf("%s: %w", place, objstore.Reason(err))
		}
		if place == ManifestName {
			if err := change.Confirm(); err != nil {
				return fmt.Errorf("quarantine: %w", objstore.Reason(err))
			}
		}
	}
	return nil
}

// stagedAs returns the name under which the file of a place is staged.
func stagedAs(place string) string {
	switch place {
	case ManifestName:
		return manifestStage
	case runsName:
		return runsStage
	}
	table, _, _ := strings.Cut(place, "/")
	return table
}

// Seen describes an output for [Config.Before]: the version of its manifest, or that it has none. It is "" if this is not
// known.
func Seen(ctx context.Context, access objstore.Access, output string) string {
	o, err := access.Stat(ctx, objstore.Join(output, ManifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "nothing"
	case err != nil || o.Version == "":
		return ""
	}
	return "version " + o.Version
}

// replacesAnother tells whether another run has published since this one began.
func (cfg Config) replacesAnother(ctx context.Context) bool {
	now := ""
	if cfg.Before != "" {
		now = Seen(ctx, cfg.Access, cfg.Output)
	}
	return now != cfg.Before && strings.HasPrefix(now, "version ")
}

// unpublished returns the fault for an error that prevented publication.
func unpublished(err error, format string, args ...any) error {
	code := fault.Failed
	if errors.Is(err, objstore.ErrBusy) {
		code = fault.Conflict
	}
	return fault.New(code, format, args...)
}
