package element

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// alike returns the files of a folder. Most of their fields are equal.
func alike(n int) []Recognised {
	files := make([]Recognised, n)
	for i := range files {
		files[i] = recognised
		f := &files[i]
		f.Source = fmt.Sprintf("2014/01/part-%04d.parquet", i)
		f.URI, f.Size, f.Rows, f.MetadataSum = "/data/trips/"+f.Source, int64(8000+i%50), int64(60), int64(i*i)
		f.UnitRows, f.UnitBytes = []int64{60}, []int64{int64(5000 + i)}
	}
	return files
}

func TestACompactListIsTheListAgain(t *testing.T) {
	empty := Recognised{}
	empty.Unknown, empty.Null, empty.Metadata = []string{}, nil, []byte{}
	lists := [][]Recognised{nil, {}, {recognised}, {empty, recognised, empty}, {recognised, other(), recognised, recognised}, alike(300)}
	for _, list := range lists {
		roundTrip(t, list)
	}
	roundTrip(t, recognised.Admit())
	roundTrip(t, []Tally{{}, tally, tally, {Source: "y", Months: []int32{-1, 1 << 30}}})
	roundTrip(t, []Packed{packed, {}})
	roundTrip(t, []struct{ P, Q *Unusable }{{P: &unusable}, {Q: &Unusable{}}, {}, {&unusable, &unusable}})
}

func roundTrip[T any](t *testing.T, list []T) {
	t.Helper()
	b, err := CompactList(list)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ExpandList[T](b)
	if err != nil || len(got) != len(list) || len(list) > 0 && !reflect.DeepEqual(got, list) {
		t.Fatalf("found %+v, %v, expected %+v", got, err, list)
	}
	for n := range len(b) {
		if _, err := ExpandList[T](b[:n]); err == nil {
			t.Fatalf("%T: %d of %d bytes: found no error", list, n, len(b))
		}
	}
	if _, err := ExpandList[T](append(b, 0)); err == nil {
		t.Fatalf("%T: a byte too many: found no error", list)
	}
}

func TestFilesThatAreAlikeTakeLittleInACompactList(t *testing.T) {
	b, err := CompactList(alike(256))
	if err != nil {
		t.Fatal(err)
	}
	if perFile := len(b) / 256; perFile > 40 {
		t.Errorf("found %d bytes for a file, expected at most 40", perFile)
	}
	files, err := ExpandList[Recognised](b)
	if err != nil {
		t.Fatal(err)
	}
	if &files[0].Columns[0] != &files[255].Columns[0] {
		t.Error("two files with equal columns do not share them")
	}
}

func TestFilesOfTwoTaxisThatTakeTurnsShareTheirColumns(t *testing.T) {
	list := alike(6)
	for i := 1; i < len(list); i += 2 {
		list[i].Columns, list[i].Taxi = other().Columns, "yellow"
	}
	b, err := CompactList(list)
	if err != nil {
		t.Fatal(err)
	}
	files, err := ExpandList[Recognised](b)
	if err != nil || &files[0].Columns[0] != &files[4].Columns[0] || &files[1].Columns[0] != &files[5].Columns[0] {
		t.Errorf("the files of one taxi do not share their columns; error %v", err)
	}
}

func TestATypeThatListsCannotHaveIsAnError(t *testing.T) {
	if _, err := CompactList([]struct{ M map[string]int }{{}}); err == nil || !strings.Contains(err.Error(), "field M") {
		t.Errorf("found %v, expected an error that names the field", err)
	}
}

// FuzzExpandList checks that ExpandList returns an error for bytes that CompactList has not written, and never panics.
func FuzzExpandList(f *testing.F) {
	b, err := CompactList(alike(3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		ExpandList[Recognised](b) //nolint:errcheck // only a panic fails the test
	})
}

func BenchmarkCompactList(b *testing.B) {
	files := alike(256)
	for b.Loop() {
		c, _ := CompactList(files)
		if _, err := ExpandList[Recognised](c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/file")
}
