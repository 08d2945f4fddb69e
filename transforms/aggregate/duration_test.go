package aggregate

import (
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// TestTheMeanDurationIsKnownWhateverTheTables has a table of all durations, one of some and one of none: the tally tells the same.
func TestTheMeanDurationIsKnownWhateverTheTables(t *testing.T) {
	b := tripsOf("a", march, c64(60_000_000, null, 120_000_000, 600_000_000), c64(1, 1, 1, 1), c64(1, 1, 1, 1))
	b.Columns[trip.RawDuration] = b.Columns[trip.Duration]
	b.Columns[trip.PaymentType], b.Columns[trip.PickupHour] = c64(1, 1, 2, 1), c64(9, 9, 9, 9)
	b.Months = []trip.MonthRun{{Month: march, End: 3}, {Month: april, End: 4, Refused: true}}
	for name, tables := range map[string][]*Spec{"all": Tables(true), "some": {cardTips}, "none": {locationStats}} {
		fn := &partialFn{Tables: tables}
		fn.StartBundle(nil)
		if err := fn.ProcessElement(listOf(b), nil); err != nil {
			t.Fatal(err)
		}
		tally := &tallyFn{Tables: tables}
		tally.StartBundle(nil)
		var found element.Tally
		err := fn.FinishBundle(func(_ string, s Source) {
			if err := tally.ProcessElement(s, nil); err != nil {
				t.Error(err)
			}
		})
		if err := tally.FinishBundle(func(l element.Tallies) {
			list, err := l.All()
			if err != nil {
				t.Fatal(err)
			}
			found = list[0]
		}); err != nil {
			t.Fatal(err)
		}
		if want := (element.Mean{Count: 2, Mean: 1.5}); err != nil || found.Left != want || found.Read.Count != 3 {
			t.Errorf("%s: found %v of %v, %v, expected %v of 3", name, found.Left, found.Read, err, want)
		}
	}
}
