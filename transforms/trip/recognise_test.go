package trip

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// fileWith has the required columns of a yellow file but for those that change replaces, drops (type -1) or adds.
func fileWith(change map[string]element.ValueType) element.Described {
	f := element.Described{Found: element.Found{Source: "x.parquet"}, UnitRows: []int64{5, 6}}
	add := func(name string, typ element.ValueType) {
		if k, ok := change[name]; ok {
			if typ = k; typ < 0 {
				return
			}
		}
		f.Columns = append(f.Columns, element.Column{Name: name, Type: typ, Found: "TYPE", ChunkBytes: []int64{10, 20}})
	}
	required := []string{"VendorID", "tpep_pickup_datetime", "tpep_dropoff_datetime", "PULocationID", "DOLocationID"}
	for i, name := range required {
		add(name, []element.ValueType{element.Int64, element.TimestampMicros, element.TimestampMicros, element.Int64, element.Int32}[i])
	}
	for name := range change {
		if !strings.Contains(strings.Join(required, " "), name) {
			add(name, 0)
		}
	}
	return f
}

func TestRecogniseProjectsWhatIsNeeded(t *testing.T) {
	f, err := Recognise(fileWith(map[string]element.ValueType{"Total_Amount": element.Float64, "fare_amount": element.Float64}), with(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range f.Projection {
		names = append(names, f.Columns[c].Name)
	}
	want := "tpep_pickup_datetime tpep_dropoff_datetime PULocationID DOLocationID Total_Amount"
	if got := strings.Join(names, " "); got != want || f.Taxi != Yellow {
		t.Errorf("%s: %s, expected yellow: %s", f.Taxi, got, want)
	}
	if len(f.Unknown) != 1 || f.Unknown[0] != "fare_amount" || f.Variant != "yellow" || f.Coordinates {
		t.Errorf("variant %q, unknown %v, expected yellow and fare_amount", f.Variant, f.Unknown)
	}
	if len(f.UnitBytes) != 2 || f.UnitBytes[0] != 50 || f.UnitBytes[1] != 100 {
		t.Errorf("bytes needed by row group: %v, expected [50 100]", f.UnitBytes)
	}
}

func TestRecogniseFaults(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]element.ValueType
		opts   Options
		want   []string // in the message; none: accepted
	}{
		"as it is":                   {},
		"null times":                 {change: map[string]element.ValueType{"tpep_pickup_datetime": element.Null}},
		"int96":                      {change: map[string]element.ValueType{"tpep_pickup_datetime": element.Int96}},
		"string ids":                 {change: map[string]element.ValueType{"PULocationID": element.String}},
		"utc said to be wall":        {change: map[string]element.ValueType{"tpep_pickup_datetime": element.TimestampMicrosUTC}, opts: Options{UTC: UTCWall}},
		"coordinates":                {change: coordinatesFor(-1)},
		"coordinates, times as text": {change: merge(coordinatesFor(-1), map[string]element.ValueType{"tpep_pickup_datetime": element.String, "tpep_dropoff_datetime": element.String})},
		"zones and coordinates":      {change: coordinatesFor(element.Int64)},
		"three coordinates":          {change: merge(coordinatesFor(-1), map[string]element.ValueType{"dropoff_latitude": -1}), want: []string{"expected also PULocationID, DOLocationID"}},
		"times as text":              {change: map[string]element.ValueType{"tpep_pickup_datetime": element.String}},
		"no pickup":                  {change: map[string]element.ValueType{"tpep_pickup_datetime": -1}, want: []string{"VendorID", "tpep_pickup_datetime (yellow) or lpep_pickup_datetime (green)"}},
		"no dropoff, no zone":        {change: map[string]element.ValueType{"tpep_dropoff_datetime": -1, "DOLocationID": -1}, want: []string{"VendorID, tpep_pickup_datetime, PULocationID", "expected also tpep_dropoff_datetime, DOLocationID"}},
		"green dropoff":              {change: map[string]element.ValueType{"tpep_dropoff_datetime": -1, "lpep_dropoff_datetime": element.TimestampMicros}, want: []string{"expected also tpep_dropoff_datetime"}},
		"both taxis":                 {change: map[string]element.ValueType{"lpep_pickup_datetime": element.TimestampMicros}, want: []string{"found both"}},
		"twice in another case":      {change: map[string]element.ValueType{"pulocationid": element.Int64}, want: []string{`"PULocationID"`, `"pulocationid"`, "drop one"}},
		"time as integer":            {change: map[string]element.ValueType{"tpep_pickup_datetime": element.Int64}, want: []string{`column "tpep_pickup_datetime": found TYPE, expected a timestamp`}},
		"unsupported":                {change: map[string]element.ValueType{"total_amount": element.Unsupported}, want: []string{`column "total_amount": found TYPE, expected a number`}},
		"zone as time":               {change: map[string]element.ValueType{"DOLocationID": element.TimestampMicros}, want: []string{"expected a whole number"}},
		"utc":                        {change: map[string]element.ValueType{"tpep_dropoff_datetime": element.TimestampNanosUTC}, want: []string{"not adjusted to UTC", "--utc=wall", "--utc=convert"}},
	} {
		_, err := Recognise(fileWith(c.change), with(c.opts))
		if len(c.want) == 0 {
			if err != nil {
				t.Errorf("%s: found %v, expected no error", name, err)
			}
			continue
		}
		f := fault.Find(err)
		if f == nil || f.Code != fault.Input || !strings.HasPrefix(f.Message, "x.parquet: ") {
			t.Errorf("%s: %v, expected a fault with exit code 3", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(f.Message, w) {
				t.Errorf("%s: %q, expected %q in it", name, f.Message, w)
			}
		}
	}
}

// coordinatesFor adds coordinates, and gives the zones a type or drops them.
func coordinatesFor(zones element.ValueType) map[string]element.ValueType {
	return map[string]element.ValueType{
		"pickup_longitude": element.Float64, "pickup_latitude": element.Float64, "dropoff_longitude": element.Float64, "dropoff_latitude": element.Float64,
		"PULocationID": zones, "DOLocationID": zones,
	}
}

func merge(a, b map[string]element.ValueType) map[string]element.ValueType {
	maps.Copy(a, b)
	return a
}

// recognised is a file of a taxi and a month.
func recognised(source, taxi string, month int32) (f element.Recognised) {
	f.Source, f.Taxi, f.Month = source, taxi, month
	return f
}

func TestAdmitRefusesOneMonthTwice(t *testing.T) {
	file := recognised
	files := []element.Recognised{
		file("d", Yellow, element.NoMonth), file("c", Yellow, element.NoMonth), file("b", Green, 600), file("a", Yellow, 600),
	}
	kept, left, err := Admit(slices.Clone(files), nil, Admission{})
	if err != nil || len(kept) != 4 || len(left) != 0 || kept[0].Source != "a" {
		t.Errorf("kept %v, left %v, error %v: expected all, sorted", kept, left, err)
	}
	kept, left, err = Admit(slices.Clone(files), nil, Admission{Taxis: []string{Green}})
	if err != nil || len(kept) != 1 || len(left) != 3 {
		t.Errorf("green only: kept %v, left %v, error %v: expected one kept and three left", kept, left, err)
	}
	twice := append(files, file("e", Yellow, 600))
	_, _, err = Admit(slices.Clone(twice), nil, Admission{})
	if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.Contains(f.Message, "e: found yellow taxis of 2020-01, which a is too") {
		t.Errorf("one month twice: found %v, expected an error", err)
	}
	if kept, _, err = Admit(slices.Clone(twice), nil, Admission{MergeSameMonth: true}); err != nil || len(kept) != 5 {
		t.Errorf("merged: kept %v, error %v: expected five kept", kept, err)
	}
	_, _, err = Admit(slices.Clone(files[:1]), nil, Admission{Taxis: []string{Green}})
	if f := fault.Find(err); f == nil || f.Code != fault.NoMatch {
		t.Errorf("no green file: %v, expected exit code 4", err)
	}
}

// FuzzRecognise maps any column names and types. The result must be a fault with exit code 3, or a projection with each required
// column once.
func FuzzRecognise(f *testing.F) {
	f.Add("tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID", []byte{10, 10, 3, 3})
	f.Add("lpep_pickup_datetime,LPEP_DROPOFF_DATETIME,pulocationid,DOLocationID,tip_amount", []byte{15, 9, 1, 8, 7})
	f.Add("a,a,\x00,", []byte{0})
	f.Fuzz(func(t *testing.T, names string, types []byte) {
		in := element.Described{Found: element.Found{Source: "x"}, UnitRows: []int64{1}}
		for i, name := range strings.Split(names, ",") {
			c := element.Column{Name: name, ChunkBytes: []int64{1}}
			if i < len(types) {
				c.Type = element.ValueType(types[i]) % (element.Int96 + 1)
			}
			in.Columns = append(in.Columns, c)
		}
		out, err := Recognise(in, with(Options{}))
		if err != nil {
			if g := fault.Find(err); g == nil || g.Code != fault.Input || strings.ContainsAny(g.Message, "\n\r\x00") {
				t.Fatalf("found %q, expected a fault of the input on one line", err)
			}
			return
		}
		if n := len(out.Projection); n < 4 && !out.Coordinates || n < 2 || n > len(Standing) || int64(n) != out.UnitBytes[0] {
			t.Fatalf("found the projection %v of %v bytes, expected the required columns", out.Projection, out.UnitBytes)
		}
		for i, c := range out.Projection {
			if i > 0 && c <= out.Projection[i-1] {
				t.Fatalf("found the projection %v, expected ascending indices", out.Projection)
			}
			if k := out.Columns[c].Type; k == element.Unsupported || k.IsUTC() {
				t.Fatalf("column %q of type %d is projected", out.Columns[c].Name, k)
			}
		}
	})
}
