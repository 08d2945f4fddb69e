package runners

import (
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

func init() {
	register.Function1x1(laneOf)
}

// Spread applies work to what is to be read: once, or, with several lanes, in as many branches side by side, each to that
// of its Lane. For a runner that gives a branch one goroutine, as prism does. What the branches return, each as many
// PCollections, is flattened, so it should be small: a Flatten ends fusion.
//
// Spread transforms a PCollection<element.Work> into what work returns.
func Spread(s beam.Scope, lanes int, works beam.PCollection, work func(s beam.Scope, works beam.PCollection) []beam.PCollection) []beam.PCollection {
	if lanes <= 1 {
		return work(s, works)
	}
	s = s.Scope("runners.Spread")
	var lists [][]beam.PCollection // by output and lane
	for i, part := range beam.Partition(s, lanes, laneOf, works) {
		for k, out := range work(s.Scope(fmt.Sprintf("lane%d", i)), part) {
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

func laneOf(w element.Work) int { return w.Lane }
