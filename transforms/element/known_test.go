package element

import "testing"

func TestColumnsCoderKeepsWhatIsKnownOfTheFile(t *testing.T) {
	for _, in := range []Columns{{FileRows: 1 << 40}, {Alone: true}, {Coordinates: true}, {Dates: MonthFirst}, {FileRows: 3, Alone: true, Coordinates: true, Dates: DayFirst}} {
		in.Source, in.Record = "x", record()
		b, err := encodeColumns(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := decodeColumns(b)
		if err != nil || out.FileRows != in.FileRows || out.Alone != in.Alone || out.Coordinates != in.Coordinates || out.Dates != in.Dates {
			t.Errorf("found %d rows, alone %v, coordinates %v, dates %q, %v, expected %d, %v, %v, %q", out.FileRows, out.Alone, out.Coordinates, out.Dates, err, in.FileRows, in.Alone, in.Coordinates, in.Dates)
		}
	}
}
