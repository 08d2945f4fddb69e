package parquetio

import (
	"testing"

	"tripstats/io/source"
	"tripstats/transforms/element"
)

// TestASmallFileThatWaitsToBeClosedHoldsNoRoom: files of which all is decoded may wait for others.
func TestASmallFileThatWaitsToBeClosedHoldsNoRoom(t *testing.T) {
	var f element.Recognised
	f.UnitRows = []int64{0, 0}
	read := &tiny{tinies.Get().(*tinyRoom), f, nil, Config{}, 0, len(f.UnitRows), nil}
	room := read.tinyRoom
	room.table.understood = new(understood)
	read.narrow.Use(read.budget)
	read.broad.Use(read.budget)
	for unit := range f.UnitRows {
		if read.tinyRoom == nil {
			t.Errorf("row group %d: found no room to decode it", unit)
		}
		if err := read.Next(t.Context(), func(source.Batch) {}); err != nil {
			t.Fatal(err)
		}
	}
	if read.tinyRoom != nil {
		t.Error("found a room after the last row group, which has no rows, expected none")
	}
	if room.table.understood != nil {
		t.Error("found a schema in the room that waits for the next file, expected none")
	}
	read.Close()
}
