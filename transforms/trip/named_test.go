package trip

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestAFileTellsWhichNamedColumnsItLacks names columns of files, and those of which derived ones are made, once each. Of columns that
// are wanted and not named it tells nothing.
func TestAFileTellsWhichNamedColumnsItLacks(t *testing.T) {
	for _, c := range []struct {
		named []Field
		want  []string
	}{
		{nil, nil},
		{[]Field{Pickup, DropoffZone, Duration}, nil},
		{[]Field{Tip, Amount, RecordedAmount}, []string{"total_amount"}},
	} {
		opts := with(Options{Wanted: []Field{Tip, Amount, Passengers, DropoffZone, Duration, RecordedAmount}, Named: c.named})
		f, err := Recognise(fileWith(map[string]element.ValueType{"tip_amount": element.Float64}), opts)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Null, c.want) {
			t.Errorf("%v: found %v, expected %v", c.named, f.Null, c.want)
		}
		if got := f.Admit()[0].Null; !slices.Equal(got, c.want) {
			t.Errorf("%v: admitted with %v, expected %v", c.named, got, c.want)
		}
	}
}

// TestAFileTellsWhichUsedMeasuresItLacks though files of its dataset have them. Zones have a rule of their own, and what no file of the
// dataset has is nothing to tell.
func TestAFileTellsWhichUsedMeasuresItLacks(t *testing.T) {
	used := []Field{Pickup, DropoffZone, Passengers, Distance, Amount, Tip, Tolls, Duration}
	opts := with(Options{Wanted: used, Used: used, Named: []Field{Amount}})
	f, err := Recognise(fileWith(map[string]element.ValueType{"tip_amount": element.Float64, "trip_distance": element.Float64}), opts)
	if want := []string{"passenger_count", "total_amount"}; err != nil || !slices.Equal(f.Null, want) {
		t.Errorf("found %v, %v, expected %v", f.Null, err, want)
	}
}

// TestTheBytesOfColumnsAreThoseThatAreRead splits the bytes of a file by its columns.
func TestTheBytesOfColumnsAreThoseThatAreRead(t *testing.T) {
	opts := with(Options{Wanted: []Field{Tip, Amount, Duration}})
	f, err := Recognise(fileWith(map[string]element.ValueType{"total_amount": element.Float64}), opts)
	if err != nil {
		t.Fatal(err)
	}
	bytes := ColumnBytes(f, opts)
	read := int64(0)
	for fd, n := range bytes {
		if has := slices.Contains([]Field{Pickup, Dropoff, Amount}, Field(fd)); has != (n == 30) || !has && n != 0 {
			t.Errorf("%s: found %d bytes", Fields[fd].Name, n)
		}
		read += n
	}
	if read != f.UnitBytes[0]+f.UnitBytes[1] {
		t.Errorf("found %d bytes of all columns, expected the %v of the row groups", read, f.UnitBytes)
	}
}
