// Package runners knows what each Beam runner needs, so that the graph does not have to.
package runners

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // type-specialised fast paths
	//lint:ignore SA1019 direct starts in milliseconds and needs no network; the graph runs on prism too, in CI, with the same bytes
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/direct" // --runner=direct
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"  // --runner=prism
)

// Runner is one value of --runner.
type Runner struct {
	Name string
	Is   string // one line for help
	Note string // one line for stderr when it is chosen, or ""

	// leaves tells that the runner leaves files of its workers in the temporary folder.
	leaves bool

	// lanes is how many branches, from the files to the partial sums, use all cores. See Spread.
	lanes func() int
}

func one() int { return 1 }

// prismLanes is one branch for every four cores. Prism puts all elements of a stage into one bundle, so a branch is one
// goroutine, with those that decode its columns beside it: they keep some four cores busy, and every branch takes its
// own memory. Prism runs at most eight bundles at once.
func prismLanes() int { return min(8, max(1, runtime.GOMAXPROCS(0)/4)) }

var all = []Runner{
	{Name: "direct", Is: "in this process, the default; one bundle, decoding on all cores", lanes: one},
	{
		Name: "prism", Is: "in this process, through Beam's portable model", lanes: prismLanes, leaves: true,
		Note: "prism listens on all network interfaces of this machine while it runs",
	},
}

// Find returns the runner of a name. The error lists those there are.
func Find(name string) (Runner, error) {
	i := slices.IndexFunc(all, func(r Runner) bool { return r.Name == name })
	if i < 0 {
		return Runner{}, fmt.Errorf("found runner %q, expected one of %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
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

// Lanes is how many branches should work side by side on this runner.
func (r Runner) Lanes() int { return r.lanes() }

// Run runs the pipeline and waits for its end.
func (r Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	if !r.leaves {
		_, err := beam.Run(ctx, r.Name, p)
		return err
	}
	restore, err := ownTemp()
	if err != nil {
		return err
	}
	_, err = beam.Run(ctx, r.Name, p)
	return errors.Join(err, restore())
}

// ownTemp gives the process a temporary folder of its own. What it returns removes it and all that is in it.
func ownTemp() (restore func() error, err error) {
	before, had := os.LookupEnv("TMPDIR")
	dir, err := os.MkdirTemp("", "tripstats-runner-")
	if err != nil {
		return nil, fmt.Errorf("runners: %w", err)
	}
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return nil, fmt.Errorf("runners: %w", err)
	}
	return func() error {
		if had {
			err = os.Setenv("TMPDIR", before)
		} else {
			err = os.Unsetenv("TMPDIR")
		}
		return errors.Join(err, os.RemoveAll(dir))
	}, nil
}
