package aggregate

import (
	"reflect"
	"testing"
)

// TestStatesAreAddedUpAndSplitInTheirBinaryForm compares what works on bytes with what works on groups.
func TestStatesAreAddedUpAndSplitInTheirBinaryForm(t *testing.T) {
	group := func(month int32, key, rows int64) Group {
		return Group{Month: month, Keys: []int64{key}, Rows: rows, Or: 1, Sums: []Sum{{Count: rows, Lo: uint64(rows)}}}
	}
	a := State{Filtered: 2, Groups: []Group{group(600, 1, 5), group(600, 4, 6), group(601, 1, 7)}}
	b := State{Filtered: 1, Groups: []Group{group(600, 0, 1), group(600, 4, 2), group(600, 5, 3), group(602, 9, 4)}}
	packed := func(s State) []byte {
		out, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := a.Merge(b)
	var got State
	for _, s := range []State{a, b} {
		if err := got.add(packed(s)); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("found    %+v\nexpected %+v", got, want)
	}
	months := map[int32]State{}
	if err := eachMonth(packed(want), func(month int32, part []byte) {
		var s State
		if err := s.UnmarshalBinary(part); err != nil {
			t.Fatal(err)
		}
		months[month] = s
	}); err != nil {
		t.Fatal(err)
	}
	if len(months) != 3 || len(months[600].Groups) != 4 || len(months[601].Groups) != 1 || months[602].Groups[0].Rows != 4 || months[600].Filtered != 0 {
		t.Errorf("by month: found %+v", months)
	}
	rows := int64(0)
	filtered, err := eachGroup(packed(want), func(g *Group) { rows += g.Rows })
	if err != nil || filtered != 3 || rows != 28 {
		t.Errorf("found %d rows, %d filtered, %v", rows, filtered, err)
	}
	for cut := range packed(want) {
		short := packed(want)[:cut]
		if got.add(short) == nil || eachMonth(short, func(int32, []byte) {}) == nil {
			t.Errorf("%d bytes of a state were taken for one", cut)
		}
	}
}

// TestAStateWithOtherSumsIsRefused is about a damaged state: it must be an error and no panic.
func TestAStateWithOtherSumsIsRefused(t *testing.T) {
	var have State
	for i, s := range []State{
		{Groups: []Group{{Month: 600, Keys: []int64{1}, Sums: make([]Sum, 2)}}},
		{Groups: []Group{{Month: 600, Keys: []int64{1}, Sums: make([]Sum, 3)}}},
		{Groups: []Group{{Month: 600, Keys: []int64{1, 2}, Sums: make([]Sum, 2)}}},
	} {
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := have.add(b); (err != nil) != (i > 0) {
			t.Errorf("state %d: found the error %v", i, err)
		}
	}
}
