package runners

import (
	"context"
	"flag"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/resource"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"
)

// Only this file reads and writes Beam's flags. They are variables of the process, and Beam's own packages read them. So one run at a
// time parses them, and then uses its copy.

// Flags are the values of Beam's flags for one run.
type Flags struct {
	Detach bool // submit the job, and do not wait for it; a flag of this program, which --async sets too

	values map[string]string // by name
}

// parsing is held by the run that parses its flags; touched are the flags that the last run has set.
var (
	parsing sync.Mutex
	touched []string
)

// ParseFlags adds Beam's flags to those of a run, calls parse, and returns the values of Beam's flags after it. A flag of the run hides
// Beam's flag of the same name.
func ParseFlags(own *flag.FlagSet, parse func() error) (Flags, error) {
	parsing.Lock()
	defer parsing.Unlock()
	for _, name := range touched {
		f := flag.Lookup(name)
		_ = f.Value.Set(f.DefValue) // a default is no wrong value
	}
	touched = nil
	AddFlags(own)
	err := parse()
	values := map[string]string{}
	flag.VisitAll(func(f *flag.Flag) { values[f.Name] = f.Value.String() })
	return Flags{Detach: *jobopts.Async, values: values}, err
}

// AddFlags adds Beam's flags to those of a run.
func AddFlags(own *flag.FlagSet) {
	flag.VisitAll(func(f *flag.Flag) {
		if own.Lookup(f.Name) == nil {
			own.Var(beamFlag{f}, f.Name, f.Usage)
		}
	})
}

// beamFlag sets a flag of Beam's: Dataflow's runner asks package flag which flags were given.
type beamFlag struct{ *flag.Flag }

// Set sets the flag in the process.
func (f beamFlag) Set(value string) error {
	touched = append(touched, f.Name)
	return flag.Set(f.Name, value)
}

func (f beamFlag) String() string {
	if f.Flag == nil { // package flag asks this of a zero value
		return ""
	}
	return f.Value.String()
}

// IsBoolFlag tells whether the flag needs no value.
func (f beamFlag) IsBoolFlag() bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// IsFlag tells whether a flag is Beam's.
func IsFlag(name string) bool { return flag.Lookup(name) != nil }

// HelpOnFlags calls line with the name and the text of each of Beam's flags.
func HelpOnFlags(line func(name, text string)) {
	flag.VisitAll(func(f *flag.Flag) {
		_, text := flag.UnquoteUsage(f)
		line(f.Name, strings.ReplaceAll(text, "\n", " "))
	})
}

// Value is the value of one of Beam's flags.
func (f Flags) Value(name string) string { return f.values[name] }

// IsSet tells whether a switch of Beam's is set.
func (f Flags) IsSet(name string) bool { return f.values[name] == "true" }

// with returns the flags with another value of one.
func (f Flags) with(name, value string) Flags {
	f.values = maps.Clone(f.values)
	f.values[name] = value
	return f
}

// resourceHints are what Beam's flag of that name asks for.
func resourceHints() resource.Hints { return jobopts.GetPipelineResourceHints() }

// cloudProject and cloudRegion are where Dataflow runs: as the flags say, or else the environment, as for Google's own tools.
func cloudProject(ctx context.Context) string { return gcpopts.GetProjectFromFlagOrEnvironment(ctx) }
func cloudRegion(ctx context.Context) string  { return gcpopts.GetRegion(ctx) }

// forDataflow tells Beam's Dataflow runner, which reads Beam's flags itself, what the flags leave open, and to come back with the
// job's id. It keeps out of the job's description where the worker's program lies here, and what may hold secrets.
func (f Flags) forDataflow() {
	*jobopts.WorkerBinary, *jobopts.JobName, *jobopts.Async = f.Value("worker_binary"), f.Value("job_name"), true
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(f.Name, "_") || slices.Contains([]string{"worker_binary", "staging_location", "environment_config"}, f.Name) {
			dataflow.DontUseFlagAsPipelineOption(f.Name)
		}
	})
}
