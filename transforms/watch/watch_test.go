package watch

import (
	"slices"
	"testing"
)

func TestNobodyWatches(t *testing.T) {
	run := Of("a name that nobody has made")
	if run != nil {
		t.Fatalf("found %v, expected none", run)
	}
	run.Due(File{})
	run.Begin(File{})
	run.Rows("a", 1)
	run.Refused("a", 1)
	run.Unit("a", 1)
	run.Stage(Publishing)
	run.Close()
	if s := run.State(); s.RowsDone != 0 || s.Stage != Finding {
		t.Errorf("found %+v, expected nothing", s)
	}
}

// TestARunCountsWhatItReads reads two files at once, and one that has no units.
func TestARunCountsWhatItReads(t *testing.T) {
	var done []Done
	run := New(t.Name(), func(d Done) {
		d.Took = 0
		done = append(done, d)
	})
	defer run.Close()
	if Of(t.Name()) != run {
		t.Error("the run is not found by its name")
	}
	a, b, empty := File{"a", "yellow", 2, 100, 0, 1000}, File{"b", "green", 1, 50, 0, 500}, File{Source: "empty", Taxi: "green"}
	run.Inputs(3)
	run.Looked()
	if s := run.State(); s.Stage != Looking || s.Inputs != 3 || s.Looked != 1 {
		t.Errorf("found %+v", s)
	}
	run.Due(a, b, empty)
	run.Begin(a)
	run.Begin(b)
	run.Rows("a", 30)
	run.Refused("a", 2)
	run.Rows("b", 20)
	s := run.State()
	if s.Stage != Reading || s.Files != 3 || s.FilesDone != 1 || s.Rows != 150 || s.RowsDone != 50 || s.Bytes != 1500 || s.BytesDone != 300+200 || s.Refused != 2 || !slices.Equal(s.Open, []string{"a", "b"}) {
		t.Errorf("found %+v", s)
	}
	run.Rows("a", 20)
	run.Unit("a", 600)
	run.Rows("b", 30)
	run.Unit("b", 500)
	run.Begin(a) // for its other unit
	run.Rows("a", 50)
	run.Unit("a", 400)
	if s := run.State(); s.Stage != Adding || s.FilesDone != 3 || s.RowsDone != 150 || s.BytesDone != 1500 || len(s.Open) != 0 {
		t.Errorf("found %+v", s)
	}
	want := []Done{{File: empty}, {File: b, Rows: 50}, {File: a, Rows: 100, Refused: 2}}
	if !slices.Equal(done, want) {
		t.Errorf("found %+v\nexpected %+v", done, want)
	}
}

// TestOfTextTheUnitsCount has a file of which only reading tells the rows.
func TestOfTextTheUnitsCount(t *testing.T) {
	run := New(t.Name(), nil)
	defer run.Close()
	text, other := File{"text", "yellow", 2, -1, 0, 1000}, File{"a", "yellow", 1, 10, 0, 100}
	run.Due(other, text, other)
	run.Begin(text)
	run.Rows("text", 5)
	run.Unit("text", 400)
	if s := run.State(); s.Rows >= 0 || s.RowsDone != 5 || s.BytesDone != 400 {
		t.Errorf("found %+v", s)
	}
}

// TestRowsOfTaxisThatNobodyWantsDoNotCount reads a file of which a quarter of the rows count.
func TestRowsOfTaxisThatNobodyWantsDoNotCount(t *testing.T) {
	var done []Done
	run := New(t.Name(), func(d Done) {
		d.Took = 0
		done = append(done, d)
	})
	defer run.Close()
	both := File{Source: "both", Taxi: "green", Units: 1, Rows: 25, Others: 75, Bytes: 1000}
	run.Due(both)
	run.Begin(both)
	run.Rows("both", 40)
	if s := run.State(); s.Rows != 25 || s.RowsDone != 10 || s.BytesDone != 400 {
		t.Errorf("found %+v", s)
	}
	for range 20 {
		run.Rows("both", 3)
	}
	run.Refused("both", 1)
	run.Unit("both", 1000)
	if s := run.State(); s.RowsDone != 25 || s.BytesDone != 1000 || s.Stage != Adding {
		t.Errorf("found %+v", s)
	}
	if want := []Done{{File: both, Rows: 25, Refused: 1}}; !slices.Equal(done, want) {
		t.Errorf("found %+v, expected %+v", done, want)
	}
}
