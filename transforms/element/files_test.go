package element

import (
	"reflect"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
)

// A file at each step of its way, with a value in every field.
var (
	found = Found{
		URI: "/x", Source: "x", Size: 5, Version: "v", Month: NoMonth,
		Dataset: "d", NameTaxi: "green", Wild: true, Identity: "i", Refused: "why", Text: "y",
		MonthFrom: "year=2024/month=01", Constants: []Constant{{"color", "green", false, String}, {Name: "vendor", Null: true}}, Digest: "sum",
		Taxis: []string{"green"}, Token: "t", Reading: "r", Kept: true, Skip: 1<<63 | 5,
	}
	described = Described{
		Found: found, Format: "parquet", Rows: 1 << 40, UnitRows: []int64{1, 2},
		Columns:  []Column{{Name: "a"}, {Name: "b", Leaf: 4, Type: Int96, Found: "INT96", Precision: 1, Scale: 2, ChunkBytes: []int64{7}, Codecs: []string{"GZIP"}}},
		Metadata: []byte("foot"), MetadataSum: 3, TextBytes: []int64{8, 9}, NoRows: true,
	}
	recognised = Recognised{
		Described: described, Taxi: "green", Variant: "v", Coordinates: true, Dates: DayFirst, Unknown: []string{"u"}, Null: []string{"n"}, Projection: []int{1}, UnitBytes: []int64{9, 9}, Alone: true,
		Lacks: 1<<63 | 2, Units: 3, Cores: 2.75,
		TaxiColumn: "color", Malformed: 3, Shares: []Share{{Taxi: "green", Values: []string{"g", "G"}, Rows: 1<<40 - 7, Alone: true}, {Taxi: "yellow", Values: []string{"y"}, Rows: 7, Left: true}},
	}
	unusable = Unusable{Found: found, Why: "why", Taxi: "fhv", NoTrips: true}
	tally    = Tally{
		Taxi: "green", NoCodes: []ColumnRows{{"c", 1}}, Filtered: []Filtered{{"t", 1}},
		Source: "x", Whole: "d", Rows: 3, Counted: 1, Refused: []Refused{{"rule", 2}}, RefusedMonth: 600, RefusedThere: 2, Read: Mean{3, 1.5}, Left: Mean{1, 2.5},
		Text:       TextCounts{Bytes: 1, Lines: 2, Header: 3, Blank: 4, Malformed: 5},
		Months:     []int32{600, 601},
		Unreadable: []Refused{{"not_a_time", 2}},
	}
	remembered = Remembered{Compact: []byte{1, 2}, First: "a", Last: "b", Files: []Recognised{recognised}, Unusable: []Unusable{unusable}, Results: []Packed{packed}}
	packed     = Packed{Source: "x", Taxi: "green", Rows: 7, Tables: []PackedTable{{Name: "t", Digest: "d", Alone: true}}, Numbers: "standard", Bytes: []byte{1, 0}, File: "f"}
	leftOut    = LeftOut{Source: "x", Dataset: "d", NoTrips: true}
	work       = Work{Pieces: []Piece{{recognised, Range{1, 2}}, {recognised, Range{2, 4}}, {other(), Range{1, 5}}}, Files: []WholeFiles{{Compact: []byte{1}, Count: 2, UnitBytes: []int64{3, 4}}}}
)

// other has other columns.
func other() Recognised {
	f := recognised
	f.Columns = described.Columns[:1]
	return f
}

// survives sends v across a stage boundary. It protects what Beam's own coder would drop: unexported and unsupported fields. So
// every field must be exported, and have a value.
func survives[T any](t *testing.T, v T, but ...string) {
	t.Helper()
	p, s, list := ptest.CreateList([]T{v})
	passert.EqualsList(s, beam.Reshuffle(s, list), []T{v})
	ptest.RunAndValidate(t, p)
	everyField(t, v, but...)
}

// everyField tells whether v has a value in every field but some, and all are exported.
func everyField[T any](t *testing.T, v T, but ...string) {
	t.Helper()
	for i := range reflect.TypeFor[T]().NumField() {
		if slices.Contains(but, reflect.TypeFor[T]().Field(i).Name) {
			continue
		}
		if f := reflect.TypeFor[T]().Field(i); !f.IsExported() || reflect.ValueOf(v).Field(i).IsZero() {
			t.Errorf("%T: field %s is not tested here", v, f.Name)
		}
	}
}

func TestFilesSurviveAStageBoundary(t *testing.T) {
	survives(t, found)
	survives(t, described)
	survives(t, recognised)
	survives(t, RecognisedFiles{[]Recognised{recognised, other(), recognised}, []byte{1}})
	survives(t, AdmittedFiles{recognised.Admit(), []byte{1}})
	survives(t, Tallies{[]Tally{tally}, []byte{1}})
	everyField(t, recognised.Admit()[0])
	everyField(t, tally)
	survives(t, unusable)
	survives(t, leftOut)
	survives(t, remembered)
	everyField(t, packed)
	survives(t, work)
}

func TestTheFilesOfADecodedWorkShareTheirColumns(t *testing.T) {
	b, err := encodeWork(work)
	if err != nil {
		t.Fatal(err)
	}
	w, err := decodeWork(b)
	if err != nil || !reflect.DeepEqual(w, work) {
		t.Fatalf("found %+v, %v, expected %+v", w, err, work)
	}
	if &w.Pieces[0].File.Columns[0] != &w.Pieces[1].File.Columns[0] {
		t.Error("two files with the same columns have each its own")
	}
	for n := range len(b) {
		if _, err := decodeWork(b[:n]); err == nil {
			t.Fatalf("%d of %d bytes decode without error", n, len(b))
		}
	}
}

func TestAdmittedHasWhatRecognisedKnows(t *testing.T) {
	want := Admitted{Source: "x", Dataset: "d", URI: "/x", Size: 5, Month: NoMonth, Taxi: "green", Variant: "v", Unknown: []string{"u"}, Null: []string{"n"}, Rows: 1<<40 - 4, Others: 7, Untold: 3, Units: 3, Alone: true, Kept: true}
	if got := recognised.Admit(); !reflect.DeepEqual(got, []Admitted{want}) {
		t.Errorf("found %+v, expected %+v", got, want)
	}
}
