package trip

import (
	"reflect"
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestFilesWithTheSameColumnsAreRecognisedAlike compares what is remembered of a form with what each file is recognised as.
func TestFilesWithTheSameColumnsAreRecognisedAlike(t *testing.T) {
	columns := func(names ...string) (list []element.Column) {
		for i, n := range names {
			typ, found := element.Float64, "double"
			if i < 2 {
				typ, found = element.TimestampMicros, "timestamp[us]"
			}
			list = append(list, element.Column{Name: n, Leaf: i, Type: typ, Found: found, ChunkBytes: []int64{int64(10 + i)}})
		}
		return list
	}
	names := []string{"tpep_pickup_datetime", "tpep_dropoff_datetime", "PULocationID", "DOLocationID", "trip_distance", "passenger_count", "total_amount", "tip_amount", "VendorID"}
	file := func(source string, columns []element.Column) element.Described {
		return element.Described{Found: element.Found{Source: source, Month: 600}, Format: "parquet", Rows: 3, UnitRows: []int64{3}, Columns: columns}
	}
	another := columns(names...)
	another[4].Name = "new_column"
	another[2].ChunkBytes = []int64{1000}
	late := columns(names...)
	late[6].Type, late[6].Found = element.Unsupported, "boolean"
	more := columns(append(slices.Clone(names), "surprise")...)
	opts := with(Options{})
	var known knownForms
	for i, d := range []element.Described{
		file("a", columns(names...)), file("b", columns(names...)), file("c", more), file("d", columns(names...)), file("e", late), file("f", more), file("g", another),
	} {
		want, wantErr := Recognise(d, opts)
		got, err := known.recognise(d, opts)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("file %d: found    %+v, %v\nexpected %+v, %v", i, got, err, want, wantErr)
		}
	}
	if n := len(known.last); n == 0 || n > mostForms {
		t.Errorf("found %d forms", n)
	}
}
