package aggregate

import (
	"testing"

	"tripstats/transforms/element"
)

// The reader learns how much memory the groups of a file will take, from a file of which a part is added and from one that has ended, and how
// much is held of files that have ended.
func TestTheReaderIsToldWhatTheGroupsOfAFileTake(t *testing.T) {
	element.GroupsOfFile.Store(0)
	t.Cleanup(func() { element.GroupsOfFile.Store(0) })
	spec := declaredOf(t, "many", "SELECT total_amount, count(*) AS n FROM trips GROUP BY ALL", false)
	spec.MostGroups, spec.MostBytes = 1<<20, 1<<30
	fn := &partialFn{Tables: []*Spec{spec}}
	states := int64(0)
	emit := func(_ string, s Source) { states += int64(len(s.States[0].State)) }
	fn.StartBundle(emit)
	const rows, of = 256, 32
	add := func(part int) {
		t.Helper()
		values := make([]int64, rows)
		for i := range values {
			values[i] = int64(part*rows + i)
		}
		b := tripsOf("a", march, c64(values...), c64(make([]int64, rows)...), c64(make([]int64, rows)...))
		b.FileRows = of * rows
		if err := fn.ProcessElement(listOf(b), emit); err != nil {
			t.Fatal(err)
		}
	}
	held := element.GroupsHeld.Load()
	add(0)
	if got := element.GroupsOfFile.Load(); got != 0 {
		t.Errorf("found %d bytes after a small part of the file, expected that they are not known", got)
	}
	for part := 1; part < of/2; part++ {
		add(part)
	}
	half := fn.open[0].groups()
	if got := element.GroupsOfFile.Load(); got != 2*half {
		t.Errorf("found %d bytes after half of the file, expected twice the %d that are taken", got, half)
	}
	for part := of / 2; part < of; part++ {
		add(part)
	}
	if got := element.GroupsOfFile.Load(); got <= half || got > 4*half {
		t.Errorf("found %d bytes after the file, expected roughly twice the %d of its half", got, half)
	}
	if got := element.GroupsHeld.Load() - held; got != states || states == 0 {
		t.Errorf("the reader is told of %d bytes that are held, expected %d", got, states)
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	if got := element.GroupsHeld.Load() - held; got != 0 {
		t.Errorf("the reader is told of %d bytes that are held after the bundle, expected none", got)
	}
}

// A table may be of other taxis than a file, whose groups then take nothing. That must neither look as if nothing were known, nor hide what is known.
func TestAFileWithoutGroupsIsKnownAndSaysNothingOfOthers(t *testing.T) {
	element.GroupsOfFile.Store(0)
	t.Cleanup(func() { element.GroupsOfFile.Store(0) })
	for _, c := range []struct{ bytes, want int64 }{{0, 1}, {0, 1}, {500, 500}, {0, 500}, {200, 200}} {
		foreseen(c.bytes)
		if got := element.GroupsOfFile.Load(); got != c.want {
			t.Errorf("after a file with groups of %d bytes: found %d, expected %d", c.bytes, got, c.want)
		}
	}
}
