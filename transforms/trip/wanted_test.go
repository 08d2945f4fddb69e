package trip

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

// present names the columns of a batch that have values.
func present(b Batch) string {
	var names []string
	for f, c := range b.Columns {
		if c.Values != nil {
			names = append(names, Fields[f].Name)
		}
	}
	return strings.Join(names, " ")
}

// derivedOf maps and derives a batch.
func derivedOf(t *testing.T, opts Options, in element.Columns) (out Batch) {
	t.Helper()
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err == nil {
		err = (&deriveFn{Fields: opts.derived()}).ProcessElement(listOf(b), each(func(b Batch) { out = b }))
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOnlyWantedColumnsAreReadAndMade has for each list of wanted columns what is read of a file, and what a batch then has.
func TestOnlyWantedColumnsAreReadAndMade(t *testing.T) {
	for _, c := range []struct {
		wanted     []Field
		read, made string
	}{
		{[]Field{}, "tpep_pickup_datetime", "pickup_datetime"},
		{[]Field{PickupHour}, "tpep_pickup_datetime", "pickup_datetime pickup_hour"},
		{[]Field{DropoffZone}, "tpep_pickup_datetime DOLocationID", "pickup_datetime dropoff_location_id"},
		{[]Field{Tip, Amount}, "tpep_pickup_datetime total_amount", "pickup_datetime total_amount tip_amount"},
		{[]Field{Duration}, "tpep_pickup_datetime tpep_dropoff_datetime", "pickup_datetime dropoff_datetime trip_duration"},
		{[]Field{RawDuration}, "tpep_pickup_datetime tpep_dropoff_datetime", "pickup_datetime dropoff_datetime trip_duration raw_trip_duration"},
		{[]Field{RecordedAmount}, "tpep_pickup_datetime total_amount", "pickup_datetime total_amount recorded_total_amount"},
	} {
		opts := with(Options{Wanted: c.wanted})
		f, err := Recognise(fileWith(map[string]element.ValueType{"total_amount": element.Float64}), opts)
		if err != nil {
			t.Fatal(err)
		}
		var read []string
		for _, i := range f.Projection {
			read = append(read, f.Columns[i].Name)
		}
		if got := strings.Join(read, " "); got != c.read {
			t.Errorf("%v: %s are read, expected %s", c.wanted, got, c.read)
		}
		b := derivedOf(t, opts, yellow(t)(3, col{"total_amount", element.Float64, []string{"1", "", "-3"}}))
		if got := present(b); got != c.made || len(b.Months) != 1 || b.NoZones {
			t.Errorf("%v: found columns %s, months %v, no zones %v, expected columns %s", c.wanted, got, b.Months, b.NoZones, c.made)
		}
		out := recoded(t, b)
		if got := present(out); got != c.made || !slices.Equal(out.Months, b.Months) {
			t.Errorf("%v: coded: found columns %s, months %v, expected columns %s, months %v", c.wanted, got, out.Months, c.made, b.Months)
		}
		for f, column := range b.Columns {
			if !slices.Equal(values(column), values(out.Columns[f])) {
				t.Errorf("%v: coded: found %v of %s, expected %v", c.wanted, values(out.Columns[f]), Fields[f].Name, values(column))
			}
		}
	}
}

// TestAFileIsRecognisedByAllItsColumns has files that are told apart by columns that nobody wants.
func TestAFileIsRecognisedByAllItsColumns(t *testing.T) {
	opts := with(Options{Wanted: []Field{Tip}})
	old := merge(coordinatesFor(-1), map[string]element.ValueType{"tpep_pickup_datetime": element.String, "tpep_dropoff_datetime": element.String})
	if f, err := Recognise(fileWith(old), opts); err != nil || !f.Coordinates || len(f.Projection) != 1 {
		t.Errorf("with coordinates: found %v, projection %v, %v, expected coordinates and the pickup", f.Coordinates, f.Projection, err)
	}
	for _, change := range []map[string]element.ValueType{{"DOLocationID": -1}, {"tpep_dropoff_datetime": -1}} {
		if f, err := Recognise(fileWith(change), opts); err == nil {
			t.Errorf("without %v: found taxi %s, expected that it is not recognised", slices.Collect(maps.Keys(change)), f.Taxi)
		}
	}
	in := yellow(t)(2)
	in.Coordinates = true
	if b := derivedOf(t, with(Options{Wanted: []Field{DropoffZone}}), in); !b.NoZones {
		t.Error("a batch of a file with coordinates does not tell that it has no zones")
	}
}

// TestARecordedColumnSharesTheMemoryOfItsColumn because a copy would cost time and memory.
func TestARecordedColumnSharesTheMemoryOfItsColumn(t *testing.T) {
	opts := with(Options{Wanted: []Field{Amount, RecordedAmount, Duration, RawDuration}})
	b := derivedOf(t, opts, yellow(t)(2, col{"total_amount", element.Float64, []string{"1", ""}}))
	for recorded, of := range map[Field]Field{RecordedAmount: Amount, RawDuration: Duration} {
		if r, c := b.Columns[recorded], b.Columns[of]; &r.Values[0] != &c.Values[0] || r.Nulls != c.Nulls {
			t.Errorf("%s is a copy of %s, expected its memory", Fields[recorded].Name, Fields[of].Name)
		}
	}
}

func TestABatchTellsWhatIsKnownOfItsFile(t *testing.T) {
	for _, alone := range []bool{false, true} {
		in := yellow(t)(2)
		in.FileRows, in.FileRow, in.Alone = 1<<40, 77, alone
		b := derivedOf(t, with(Options{}), in)
		for name, b := range map[string]Batch{"derived": b, "coded": recoded(t, b)} {
			if b.FileRows != 1<<40 || b.FileRow != 77 || b.Alone != alone || b.NoZones {
				t.Errorf("%s: found %d rows, row %d, alone %v, no zones %v, expected %d, 77, %v, false", name, b.FileRows, b.FileRow, b.Alone, b.NoZones, int64(1)<<40, alone)
			}
		}
	}
}

// TestAFileIsAloneIfNoOtherHasTripsOfItsMonth has files in the order of their names.
func TestAFileIsAloneIfNoOtherHasTripsOfItsMonth(t *testing.T) {
	part := func(set string, f element.Recognised) element.Recognised {
		f.Dataset = set
		return f
	}
	file := recognised
	for name, c := range map[string]struct {
		files []element.Recognised
		rules Admission
		want  []bool
	}{
		"one file":                    {[]element.Recognised{file("a", Yellow, 600)}, Admission{}, []bool{true}},
		"several months":              {[]element.Recognised{file("a", Yellow, 600), file("b", Yellow, 601)}, Admission{}, []bool{true, true}},
		"another taxi of the month":   {[]element.Recognised{file("a", Yellow, 600), file("b", Green, 600)}, Admission{}, []bool{true, true}},
		"two files of a month":        {[]element.Recognised{file("a", Yellow, 600), file("b", Yellow, 600), file("c", Yellow, 601)}, Admission{MergeSameMonth: true}, []bool{false, false, true}},
		"a file that is left out":     {[]element.Recognised{file("a", Yellow, 600), file("b", Green, element.NoMonth)}, Admission{Taxis: []string{Yellow}}, []bool{true}},
		"no month in the name":        {[]element.Recognised{file("a", Yellow, element.NoMonth)}, Admission{}, []bool{false}},
		"another without a month":     {[]element.Recognised{file("a", Yellow, 600), file("b", Yellow, element.NoMonth), file("c", Green, 600)}, Admission{}, []bool{false, false, true}},
		"parts of a dataset":          {[]element.Recognised{part("d", file("d/a", Yellow, 600)), part("d", file("d/b", Yellow, 600))}, Admission{}, []bool{false, false}},
		"parts of different months":   {[]element.Recognised{part("d", file("d/a", Yellow, 600)), part("d", file("d/b", Yellow, 601))}, Admission{}, []bool{false, false}},
		"a dataset of one part":       {[]element.Recognised{part("d", file("d/a", Yellow, 600)), file("e", Yellow, 601)}, Admission{}, []bool{true, true}},
		"datasets of different taxis": {[]element.Recognised{part("d", file("d/a", Yellow, 600)), part("e", file("e/a", Green, 600))}, Admission{}, []bool{true, true}},
	} {
		kept, _, err := Admit(c.files, nil, c.rules)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []bool
		for _, f := range kept {
			if got = append(got, f.Alone); f.Admit()[0].Alone != f.Alone {
				t.Errorf("%s: %s: the admitted file is another", name, f.Source)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, expected %v", name, got, c.want)
		}
	}
}
