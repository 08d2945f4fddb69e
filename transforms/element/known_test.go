package element

import "testing"

func TestColumnsCoderKeepsWhatIsKnownOfTheFile(t *testing.T) {
	for _, in := range []Columns{{FileRows: 1 << 40}, {Alone: true}, {Coordinates: true}, {FileRows: 3, Alone: true, Coordinates: true}} {
		in.Source, in.Record = "x", record()
		b, err := encodeColumns(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := decodeColumns(b)
		if err != nil || out.FileRows != in.FileRows || out.Alone != in.Alone || out.Coordinates != in.Coordinates {
			t.Errorf("found %d rows, alone %v, coordinates %v, %v, expected %d, %v, %v", out.FileRows, out.Alone, out.Coordinates, err, in.FileRows, in.Alone, in.Coordinates)
		}
	}
}
