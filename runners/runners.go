// Package runners knows what each Beam runner needs, so that the graph does not have to.
package runners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness/init" // the same program is the worker
	//lint:ignore SA1019 direct starts in milliseconds and needs no network; the graph runs on prism too, in CI, with the same bytes
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/direct" // --runner=direct
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"  // --runner=prism
)

// Runner is one value of --runner.
type Runner struct {
	Name string
	Help string // one line for help
	Note string // one line for stderr when it is chosen, or ""

	// temp makes a temporary folder for a runner whose workers leave files behind. The function that it returns removes the
	// folder. It is nil for other runners.
	temp func() (restore func() error, err error)

	// threads is how many the runner needs, however few cores there are.
	threads int

	// engine is what runs the job elsewhere; nil where this process does.
	engine engine

	flags Flags
	told  func(Status) // see Telling
}

// engine runs jobs outside of this program.
type engine interface {
	// check fills in what the flags leave open and refuses what cannot work. It returns what the user should know.
	check(f Flags, places []Place) (notes []string, err error)

	// here tells whether the workers are in this process all the same.
	here(f Flags) bool

	// run runs the job. told, which may be nil, is told how the job is.
	run(ctx context.Context, f Flags, p *beam.Pipeline, told func(Status)) (Outcome, error)
}

// Place is a file or folder that the workers must see.
type Place struct {
	What  string // the flag that names it, and its address, redacted
	Local bool
}

// Outcome is what became of a run without an error.
type Outcome struct {
	Job string // what its cluster calls it; "" in this process

	// Detached says that the run did not wait for the job to end, as the user wished.
	Detached bool

	// Dry is the description of a job that is shown and not run, or "".
	Dry string
}

// prismThreads is how many threads prism needs at least. While a stage with side inputs runs, prism checks its watermarks again
// and again. If that keeps the only thread busy, Go polls the network only every 10 ms, and prism and its workers communicate
// over the network.
const prismThreads = 2

var all = []Runner{
	{Name: "direct", Help: "in this process, the default; one bundle, on all cores"},
	{
		Name: "prism", Help: "in this process, through Beam's portable model", threads: prismThreads, temp: sharedTemp,
		Note: "prism listens on all network interfaces of this machine while it runs",
	},
	{Name: "flink", Help: "on Apache Flink, through the Beam job server at --endpoint (default " + defaultEndpoint + ")", engine: portable{"flink"}},
	{Name: "spark", Help: "on Apache Spark, through the Beam job server at --endpoint (default " + defaultEndpoint + ")", engine: portable{"spark"}},
	{Name: "dataflow", Help: "on Google Cloud Dataflow: --project, --region and --staging_location are needed", engine: dataflowEngine{}},
}

// aliases has the names that Beam and its launchers use for the runners.
var aliases = map[string]string{
	"DirectRunner": "direct", "PrismRunner": "prism", "FlinkRunner": "flink", "SparkRunner": "spark", "DataflowRunner": "dataflow",
}

// Canonical is the name that this program has for a runner.
func Canonical(name string) string { return cmp.Or(aliases[name], name) }

// Find returns the runner of a name. The error lists those there are.
func Find(name string) (Runner, error) {
	i := slices.IndexFunc(all, func(r Runner) bool { return r.Name == name })
	if i < 0 {
		return Runner{}, fmt.Errorf("found runner %q, expected one of %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}

// With returns the runner with what Beam's flags say to a run.
func (r Runner) With(f Flags) Runner {
	r.flags = f
	return r
}

// Names lists the runners.
func Names() []string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return names
}

// All lists the runners with what they are.
func All() []Runner { return slices.Clone(all) }

// Elsewhere tells whether an engine outside of this program runs the job: attempts may be repeated there, and come late.
func (r Runner) Elsewhere() bool { return r.engine != nil }

// Here tells whether the workers are in this process, and what they read and take is counted in it.
func (r Runner) Here() bool { return r.engine == nil || r.engine.here(r.flags) }

// Check refuses what cannot work on this runner, and returns what the user should know.
func (r Runner) Check(places []Place) (notes []string, err error) {
	if r.Note != "" {
		notes = append(notes, r.Note)
	}
	if r.engine == nil {
		if r.flags.Detach {
			return nil, errors.New("--detach: the job runs in this process, expected --runner=flink, spark or dataflow")
		}
		return notes, nil
	}
	more, err := r.engine.check(r.flags, places)
	return append(notes, more...), err
}

// Run runs the pipeline and waits for its end. When ctx ends, a job that runs elsewhere is cancelled; the error then is
// a [*Stopped].
func (r Runner) Run(ctx context.Context, p *beam.Pipeline) (done Outcome, err error) {
	// Go's own variable goes before: it is the process's, as threads are.
	if said, _ := strconv.Atoi(os.Getenv("GOMAXPROCS")); said < 1 && runtime.GOMAXPROCS(0) < r.threads {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(r.threads))
	}
	if r.engine == nil {
		removeDeadTemps()
	}
	if r.temp != nil {
		restore, failed := r.temp()
		if failed != nil {
			return Outcome{}, failed
		}
		defer func() { err = errors.Join(err, restore()) }()
	}
	if r.engine != nil {
		return r.engine.run(ctx, r.flags, p, r.told)
	}
	_, err = beam.Run(ctx, r.Name, p)
	return Outcome{}, err
}
