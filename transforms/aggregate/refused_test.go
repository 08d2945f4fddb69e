package aggregate

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// TestTheMonthOfRefusedRowsIsKept checks that a file with the wrong month in its name can be distinguished from one with a few stray
// pickups. Implausible months are not kept, so memory is bounded.
func TestTheMonthOfRefusedRowsIsKept(t *testing.T) {
	const may = (2023-1970)*12 + 4
	batch := func(runs ...trip.MonthRun) *trip.Batch { return &trip.Batch{Rows: runs[len(runs)-1].End, Months: runs} }
	refused := func(month int32, end int) trip.MonthRun {
		return trip.MonthRun{Month: month, End: end, Refused: true}
	}
	a, b := sourceSums{tables: newAdders(nil)}, sourceSums{tables: newAdders(nil)}
	a.addBatch(batch(refused(may, 3), refused(element.NoMonth, 4), refused(may+1, 5), refused(1<<20, 105)))
	b.addBatch(batch(refused(may+1, 1), refused(may, 3), refused(-500, 9)))
	first, err := a.result(false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.result(false)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := mergeSources(first, second)
	if err != nil {
		t.Fatal(err)
	}
	if want := []MonthRows{{may, 5}, {may + 1, 2}}; !slices.Equal(sum.Refused, want) {
		t.Errorf("found %v, expected %v", sum.Refused, want)
	}
	if got := sum.mostRefused(); got != (MonthRows{may, 5}) {
		t.Errorf("found %v, expected most in May", got)
	}
	if got := (Source{}).mostRefused(); got.Rows != 0 {
		t.Errorf("no row refused: found %v", got)
	}
	coded, err := encodeSource(sum)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := decodeSource(coded); err != nil || !slices.Equal(back.Refused, sum.Refused) {
		t.Errorf("found %v, %v after a stage boundary", back.Refused, err)
	}
}
