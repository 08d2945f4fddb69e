package trip

import (
	"testing"

	"tripstats/transforms/element"
)

// TestWhatATripMayLackDependsOnTheMonthOfItsFile has a dataset whose trips may lack their dropoffs up to a month.
func TestWhatATripMayLackDependsOnTheMonthOfItsFile(t *testing.T) {
	opts := wanting(nil)
	opts.Registry[0].MayLack = []element.Lack{{Meaning: Dropoff.Meaning(), Last: march2020}, {Meaning: PickupZone.Meaning()}}
	for month, want := range map[int32]FieldSet{
		march2020 - 1: 1<<Dropoff | 1<<PickupZone, march2020: 1<<Dropoff | 1<<PickupZone, march2020 + 1: 1 << PickupZone, element.NoMonth: 1<<Dropoff | 1<<PickupZone,
	} {
		in := yellow(t)(1)
		in.Month = month
		b, err := (&fieldsFn{Options: opts}).batch(in)
		if err != nil || b.MayLack != want {
			t.Errorf("month %d: found %b, %v; expected %b", month, b.MayLack, err, want)
		}
		bytes, err := encodeBatch(b)
		if err != nil {
			t.Fatal(err)
		}
		if decoded, err := decodeBatch(bytes); err != nil || decoded.MayLack != want {
			t.Errorf("month %d: decoded as %b, %v; expected %b", month, decoded.MayLack, err, want)
		}
	}
}
