// Package publish ends the pipeline: one transform that all tables flow into. It reconciles the rows and publishes the tables as one
// version of the output. Nothing is published before every check has passed.
//
// The words:
//
//	output       the folder, or the address in a bucket, that has the tables
//	run          one start of the program; it has an ID
//	attempt      one try of a run to publish. A cluster may make several, also at once
//	input        a file, or a folder whose files are parts of one dataset, that a run reads
//	source       the name of an input
//	version      the tables of an output after one commit, with their manifest. Versions are numbered from 1
//	head         the latest version
//	base         the head when the run was planned. If it is not the head any more, the run may not commit
//	commit       to replace the manifest of the output, so that it names the files of the new version
//	copy         a file with the bytes of the head's table, for readers that do not know the manifest
//	kept result  what one input added up to, so that a later run need not read the input again: see package kept
//
// The output below DIR:
//
//	DIR/_manifest.json               the [Manifest] of the head
//	DIR/<table>/<table>.parquet      a copy
//	DIR/.tripstats/v/<n>-<run>/      version n, which a run made. Its files do not change after the commit
//	    <table>.parquet.table        a table; a Delta table has its data file in DIR/<table>/ instead
//	    manifest.json                the same bytes as DIR/_manifest.json had
//	    kept.json, kept.bin          the kept results
//	    run.json                     a [RunRecord]
//	    gone                         the copies that are removed after the commit; absent if there are none
//	    copied                       empty: the copies are of this version, and the versions that are not kept are removed
//	DIR/.tripstats/lock              only one run at a time publishes
//	DIR/.tripstats/runs              on clusters: which of the last runs published, and which were given up
//
// An attempt holds the lock of the output and takes eight steps:
//
//  1. It reads the manifest.
//  2. It ends if another run has committed since this run was planned, or if the output would lose something.
//  3. It writes the files of its version.
//  4. It writes its manifest into the folder of its version. A nonce makes this manifest differ from those of other attempts.
//  5. It commits: it replaces the manifest of the output, but only if nobody has changed it since step 1.
//  6. If no answer came to step 5, it reads the manifest again to see whether it has committed.
//  7. It updates the copies and the logs of Delta tables.
//  8. It removes the versions that are not kept.
//
// So a reader of the manifest always sees one whole version, even if a run is killed. The next run finishes steps 7 and 8.
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

// Config has the settings of the transform. It travels in the DoFn, so its fields are exported.
type Config struct {
	Output      string // folder, or address in a store
	Access      objstore.Access
	ID          string   // of this run, fixed at submission; names its temporaries
	Run         string   // the watch.Run that is told of the stages, if it is in this process
	Tables      []string // the tables there must be
	Absent      []string // tables that this run does not make; their copies are removed
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

	// Base is the head when the run was planned.
	Base Base

	// KeepVersions is how many versions the output keeps, this one included; 0 for DefaultVersions.
	KeepVersions int

	// For the kept results of the new version: see package kept. Identity is "" if the content of some input cannot be identified later; the
	// results of the other inputs are kept all the same.
	Identity string
	Kept     kept.Inputs // the entries of the base's index that the new version's index has too

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
	register.Iter1[element.AdmittedFiles]()
	register.Iter1[element.LeftOut]()
	register.Iter1[element.Tallies]()
	register.Iter1[element.Table]()
	register.Iter1[element.Remembered]()
}

// Inputs are the collections that Publish needs.
type Inputs struct {
	Files   beam.PCollection   // of element.AdmittedFiles: what was read
	LeftOut beam.PCollection   // of element.LeftOut: what was matched and, as asked, not read
	Tallies beam.PCollection   // of element.Tallies: what became of the rows of each file
	Tables  []beam.PCollection // of element.Table: the finished tables
	Kept    []beam.PCollection // of quarantine.File: one if refused rows are kept, otherwise none

	Remembered []beam.PCollection // of element.Remembered, of the inputs that this run has looked at: one if results are kept, otherwise none
}

// Publish reconciles and publishes. It has no output: a run that ends without error has published.
func Publish(s beam.Scope, cfg Config, in Inputs) {
	s = s.Scope("publish.Publish")
	all := in.Tables[0]
	if len(in.Tables) > 1 {
		all = beam.Flatten(s, in.Tables...)
	}
	sides := []beam.Option{beam.SideInput{Input: in.Files}, beam.SideInput{Input: in.LeftOut}, beam.SideInput{Input: in.Tallies}, beam.SideInput{Input: all}}
	remembered, rows := onlyOrEmpty[element.Remembered](s, in.Remembered), onlyOrEmpty[quarantine.File](s, in.Kept)
	sides = append(sides, beam.SideInput{Input: remembered}, beam.SideInput{Input: rows})
	beam.ParDo0(s, &publishFn{Config: cfg}, beam.Impulse(s), sides...)
}

// onlyOrEmpty returns the only collection of a list, or an empty collection.
func onlyOrEmpty[T any](s beam.Scope, list []beam.PCollection) beam.PCollection {
	if len(list) > 0 {
		return list[0]
	}
	return beam.CreateList(s, []T{})
}

type publishFn struct{ Config Config }

func (fn *publishFn) ProcessElement(ctx context.Context, _ []byte, files func(*element.AdmittedFiles) bool, leftOut func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool, remembered func(*element.Remembered) bool, kept func(*quarantine.File) bool) error {
	r := result{leftOut: element.Drain(leftOut), tables: element.Drain(tables), remembered: element.Drain(remembered), kept: element.Drain(kept)}
	if err := r.drain(files, tallies); err != nil {
		return err
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

// drain reads the files and their tallies from the lists of two side inputs.
func (r *result) drain(files func(*element.AdmittedFiles) bool, tallies func(*element.Tallies) bool) (err error) {
	if r.files, err = element.DrainLists(files); err == nil {
		r.tallies, err = element.DrainLists(tallies)
	}
	return err
}

// result is what a run has computed: the tables, and what became of the inputs and their rows.
type result struct {
	files   []element.Admitted
	leftOut []element.LeftOut
	tallies []element.Tally
	tables  []element.Table
	kept    []quarantine.File

	remembered []element.Remembered

	months map[string]map[string][]string // see Input.Months, by source
}

// keepUnpublished moves the refused rows of a run that does not publish to a folder of their own, where the user can look at them. The
// refused rows of the head stay where they are.
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

// notKept returns the fault for an error of the quarantine before the commit.
func notKept(cfg quarantine.Config, err error) error {
	return fault.New(fault.Failed, "quarantine %s: %v; nothing was published", cfg.Dir, objstore.Reason(err))
}
