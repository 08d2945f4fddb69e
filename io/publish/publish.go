// Package publish ends the pipeline: one transform that all tables flow into. It reconciles the rows and publishes the tables as one
// version of the output. Nothing is published before every check has passed.
//
// The output below DIR:
//
//	DIR/_manifest.json               a [Manifest]: which version is the latest. To replace it is the commit
//	DIR/<table>/<table>.parquet      a copy of the latest version's table, for readers that do not know the manifest
//	DIR/.tripstats/v/<n>-<run>/      the version n, of a run: nothing in it changes
//	    <table>.parquet.table        a table
//	    manifest.json                the manifest that DIR/_manifest.json was
//	    kept.json, kept.bin          what the inputs added up to: see package kept
//	    run.json                     a [RunRecord]
//	    copied                       the copies are of this version, and what is not kept was removed
//	DIR/.tripstats/lock, runs        one run at a time publishes, and what became of the last runs
//
// A run commits in eight steps, all with the lock of the output: it reads the manifest (1); it ends if another run has committed since it
// was planned, or if something is in the way (2); it writes its version (3) and a manifest that no other attempt writes (4), and puts that in
// the place of the one that it read, unless somebody has changed that (5). If it hears no answer, it reads the manifest again (6). Then it
// brings the copies forward (7) and removes versions that are not kept (8). So a reader of the manifest sees one version whole, whenever a
// run is killed; the next run finishes the steps 7 and 8.
package publish

import (
	"cmp"
	"context"
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
	Settings    map[string]string  // in force, that decide results: see Manifest.Settings
	SQL         map[string]string  // the queries of tables that are made by SQL, by table
	Existing    string             // Protect, Extend or Replace
	Datasets    []Dataset          // that the user declared
	Sample      bool               // the input is made up: it does not replace tables of real data
	Quarantine  *quarantine.Config // nil where rows that rules refused are not kept

	// Base is what the output had when the run was planned.
	Base Base

	// KeepVersions is how many versions the output keeps, this one included; 0 for DefaultVersions.
	KeepVersions int

	// What is kept of the inputs for later runs: see package kept. Identity is "" if some input cannot be known again: the others are kept.
	Identity string
	Kept     kept.Inputs // the entries of the base's index that go on

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
	register.Iter1[quarantine.File]()
	register.Iter1[element.Remembered]()
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
	sides := []beam.Option{beam.SideInput{Input: in.Files}, beam.SideInput{Input: in.LeftOut}, beam.SideInput{Input: in.Tallies}, beam.SideInput{Input: all}}
	remembered, rows := one[element.Remembered](s, in.Remembered), one[quarantine.File](s, in.Kept)
	sides = append(sides, beam.SideInput{Input: remembered}, beam.SideInput{Input: rows})
	beam.ParDo0(s, &publishFn{Config: cfg}, beam.Impulse(s), sides...)
}

// one returns the only collection of a list, or an empty one.
func one[T any](s beam.Scope, list []beam.PCollection) beam.PCollection {
	if len(list) > 0 {
		return list[0]
	}
	return beam.CreateList(s, []T{})
}

type publishFn struct{ Config Config }

func (fn *publishFn) ProcessElement(ctx context.Context, _ []byte, files func(*element.AdmittedFiles) bool, leftOut func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool, remembered func(*element.Remembered) bool, kept func(*quarantine.File) bool) error {
	r := result{
		files: element.DrainLists(files, filesOf), leftOut: element.Drain(leftOut), tallies: element.DrainLists(tallies, talliesOf), tables: element.Drain(tables),
		remembered: element.Drain(remembered), kept: element.Drain(kept),
	}
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

	months map[string]map[string][]string // see Input.Months, by source
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
