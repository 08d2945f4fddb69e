package runners

import (
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

func init() {
	register.Function1x1(branchOf)
}

// Spread applies work to the elements of works: once, or in several branches of the graph, each with the elements of its
// number. Several branches are for a runner that gives each branch one goroutine, as prism does. All branches return the
// same number of PCollections. Those of the branches are flattened, which ends fusion, so they should be small.
//
// Spread transforms a PCollection<element.Work> into what work returns.
func Spread(s beam.Scope, branches int, works beam.PCollection, work func(s beam.Scope, works beam.PCollection) []beam.PCollection) []beam.PCollection {
	if branches <= 1 {
		return work(s, works)
	}
	s = s.Scope("runners.Spread")
	var lists [][]beam.PCollection // by output and branch
	for i, part := range beam.Partition(s, branches, branchOf, works) {
		for k, out := range work(s.Scope(fmt.Sprintf("branch%d", i)), part) {
			if i == 0 {
				lists = append(lists, nil)
			}
			lists[k] = append(lists[k], out)
		}
	}
	flat := make([]beam.PCollection, len(lists))
	for k, list := range lists {
		flat[k] = beam.Flatten(s, list...)
	}
	return flat
}

func branchOf(w element.Work) int { return w.Branch }
