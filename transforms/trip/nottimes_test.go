package trip

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestTimesThatAreNoTimesAreToldApartFromNumbers has further times that are text and not times. A row whose dropoff is none already is
// noted once.
func TestTimesThatAreNoTimesAreToldApartFromNumbers(t *testing.T) {
	registry := slices.Clone(testRegistry)
	registry[0].Columns = append(slices.Clone(registry[0].Columns), element.Known{Name: "asked", Meaning: Requested.Meaning()}, element.Known{Name: "arrived", Meaning: OnScene.Meaning()})
	ten := "2020-03-01 10:00:00"
	in := textBatch(
		textColumn{"tpep_pickup_datetime", []string{ten, ten, ten, ten, ten}},
		textColumn{"tpep_dropoff_datetime", []string{ten, "later", ten, ten, ten}},
		textColumn{"PULocationID", []string{"1", "1", "1", "1", "1"}},
		textColumn{"DOLocationID", []string{"1", "1", "1", "1", "1"}},
		textColumn{"total_amount", []string{"1", "1", "1", "free", "1"}},
		textColumn{"asked", []string{ten, "soon", "soon", "", "soon"}},
		textColumn{"arrived", []string{"never", ten, "never", ten, ten}},
	)
	opts := Options{Registry: registry, Judged: true, Wanted: []Field{Dropoff, Amount, Requested, OnScene}}
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err != nil {
		t.Fatal(err)
	}
	b = recoded(t, b)
	if !slices.Equal(b.NotTimes, []int32{0, 2, 4}) || !slices.Equal(b.NotDropoffs, []int32{1}) || !slices.Equal(b.NotNumbers, []int32{3}) {
		t.Errorf("found no times %v, no dropoffs %v, no numbers %v, expected [0 2 4], [1], [3]", b.NotTimes, b.NotDropoffs, b.NotNumbers)
	}
	if c := b.Columns[Requested]; !c.IsNull(1) || !c.IsNull(2) || !c.IsNull(3) || c.IsNull(0) {
		t.Errorf("found requests %v, expected null where they are no times", c)
	}
}
