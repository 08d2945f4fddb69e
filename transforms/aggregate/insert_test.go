package aggregate

import (
	"reflect"
	"runtime"
	"testing"
)

// TestGroupsOfManyStatesMoveWithinTheirMemory adds states that have one new group each. The new group comes first, last or between the others. If all
// groups were copied for each state, the garbage would be a thousand times as large as the groups.
func TestGroupsOfManyStatesMoveWithinTheirMemory(t *testing.T) {
	const states = 2000
	var want State
	packed := make([][]byte, states)
	for i := range states {
		key := int64(i * 7 % states)
		var err error
		if packed[i], err = (State{Groups: []Group{{Month: 600, Keys: []int64{key}, Rows: 1, Sums: []Sum{{Count: 1}}}}}).AppendBinary(nil); err != nil {
			t.Fatal(err)
		}
		want.Groups = append(want.Groups, Group{Month: 600, Keys: []int64{int64(i)}, Rows: 1, Sums: []Sum{{Count: 1}}})
	}
	var got State
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, b := range packed {
		if err := got.add(b); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("found %d groups, which are not those expected", len(got.Groups))
	}
	group := uint64(reflect.TypeFor[Group]().Size())
	if all, most := after.TotalAlloc-before.TotalAlloc, 20*states*group; all > most {
		t.Errorf("adding %d states allocated %d bytes, expected at most %d", states, all, most)
	}
}
