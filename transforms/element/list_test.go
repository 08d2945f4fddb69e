package element

import (
	"slices"
	"testing"
)

func TestAListOfColumnsCrossesAStageBoundary(t *testing.T) {
	for n := range 4 {
		var in ColumnsList
		for i := range n {
			in.List = append(in.List, Columns{Source: string(rune('a' + i)), RowGroup: i, Record: record()})
		}
		b, err := encodeColumnsList(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := decodeColumnsList(b)
		if err != nil || len(out.List) != n {
			t.Fatalf("found %d batches, %v, expected %d", len(out.List), err, n)
		}
		for i, c := range out.List {
			if c.Source != in.List[i].Source || c.RowGroup != i || c.Record.NumRows() != in.List[i].Record.NumRows() {
				t.Errorf("found %+v, expected %+v", c, in.List[i])
			}
		}
		for cut := range len(b) {
			if _, err := decodeColumnsList(b[:cut]); err == nil {
				t.Fatalf("%d of %d bytes: found no error", cut, len(b))
			}
		}
		if _, err := decodeColumnsList(append(slices.Clip(b), 0)); err == nil {
			t.Error("a byte too many: found no error")
		}
	}
}

// FuzzDecodeColumnsList protects the coder from bytes that are not its own: an error, never a panic.
func FuzzDecodeColumnsList(f *testing.F) {
	b, err := encodeColumnsList(ColumnsList{[]Columns{{Source: "s", Record: record()}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := decodeColumnsList(b); err == nil {
			for _, c := range l.List {
				if c.Record == nil {
					t.Error("found a batch without a record and no error")
				}
			}
		}
	})
}
