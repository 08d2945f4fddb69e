package aggregate

import (
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// TestABundleThatFailsHoldsNothing: a runner tears the DoFn down without the end of the bundle. Later readers of the process must not think that
// memory is short.
func TestABundleThatFailsHoldsNothing(t *testing.T) {
	before := element.Groups.Load()
	spec := declaredOf(t, "many", "SELECT total_amount, count(*) AS n FROM trips GROUP BY ALL", true)
	spec.MostBytes = 1 << 30
	fn := &partialFn{Tables: []*Spec{spec}}
	emit := func(string, Source) {}
	fn.StartBundle(emit)
	b := tripsOf("a", march, c64(1, 2, 3), c64(1, 2, 3), c64(1, 2, 3))
	b.FileRows = 100 // more are to come
	if err := fn.ProcessElement(trip.Batches{List: []trip.Batch{b}}, emit); err != nil {
		t.Fatal(err)
	}
	if element.Groups.Load() == before {
		t.Fatal("the reader is told of no groups, so the test tests nothing")
	}
	fn.Teardown()
	if got := element.Groups.Load() - before; got != 0 {
		t.Errorf("the reader is told of %d bytes of groups, expected none", got)
	}
}
