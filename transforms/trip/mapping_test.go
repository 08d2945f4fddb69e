package trip

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestFilesOfTwoDatasetsMayShareASchema: a reader of small files makes the same schema only once. Columns of the same name need not mean the same.
func TestFilesOfTwoDatasetsMayShareASchema(t *testing.T) {
	swapped := Options{Registry: slices.Clone(testRegistry), Wanted: []Field{PickupZone, DropoffZone}}
	swapped.Registry = append(swapped.Registry, element.Dataset{Name: "swapped", Taxi: "swapped", Columns: []element.Known{
		{Name: "PULocationID", Meaning: DropoffZone.Meaning()}, {Name: "DOLocationID", Meaning: PickupZone.Meaning()},
	}})
	one := columnsOf(t, Yellow, col{"PULocationID", element.Int64, []string{"1"}}, col{"DOLocationID", element.Int64, []string{"2"}})
	other := one
	other.Source, other.Taxi, other.Variant = "y.parquet", "swapped", "swapped"
	fn := &fieldsFn{Options: swapped}
	for _, list := range []element.ColumnsList{columnsList(one, other), columnsList(other, one), columnsList(one), columnsList(other)} {
		if err := fn.ProcessElement(list, each(func(b Batch) {
			want := []int64{1, 2}
			if b.Taxi == "swapped" {
				want = []int64{2, 1}
			}
			if found := []int64{b.Columns[PickupZone].Values[0], b.Columns[DropoffZone].Values[0]}; !slices.Equal(found, want) {
				t.Errorf("%s: found zones %v, expected %v", b.Taxi, found, want)
			}
		})); err != nil {
			t.Fatal(err)
		}
	}
}
