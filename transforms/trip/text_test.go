package trip

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// textColumn makes a column of texts. NULL stands for null; all other texts are values, even the empty text.
type textColumn struct {
	name  string
	texts []string
}

// textBatch returns a batch with text in all columns.
func textBatch(columns ...textColumn) element.Columns {
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, s := range c.texts {
			if s == "NULL" {
				b.AppendNull()
			} else {
				b.Append(s)
			}
		}
		fields = append(fields, arrow.Field{Name: c.name, Type: arrow.BinaryTypes.String, Nullable: true})
		arrays = append(arrays, b.NewArray())
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(len(columns[0].texts)))
	return element.Columns{Source: "x.parquet", Taxi: Yellow, Variant: Yellow, Month: march2020, RowGroup: 2, FirstRow: 100, Record: rec}
}

// inCodes returns the batch with dictionaries instead of texts.
func inCodes(t *testing.T, in element.Columns) element.Columns {
	t.Helper()
	fields, arrays := in.Record.Schema().Fields(), slices.Clone(in.Record.Columns())
	for i, a := range arrays {
		fields[i].Type = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
		b := array.NewDictionaryBuilder(memory.DefaultAllocator, fields[i].Type.(*arrow.DictionaryType)).(*array.BinaryDictionaryBuilder)
		for row := range a.Len() {
			if a.IsNull(row) {
				b.AppendNull()
			} else if err := b.AppendString(a.(*array.String).Value(row)); err != nil {
				t.Fatal(err)
			}
		}
		arrays[i] = b.NewArray()
	}
	in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, in.Record.NumRows())
	return in
}

// goodTexts are five good rows. Tests replace single columns.
func goodTexts(change ...textColumn) element.Columns {
	columns := []textColumn{
		{"tpep_pickup_datetime", []string{"2020-03-01 10:00:00", " 2020-03-01T10:00:00", "2020-03-01 10:00 ", "2020-03-01 10:00:00.0", "2020-03-01 10:00:00"}},
		{"tpep_dropoff_datetime", []string{"2020-03-01 10:10:00", "", "N/A", " N/A ", "NULL"}},
		{"PULocationID", []string{"132", " 132.0 ", "", "N/A", "NULL"}},
		{"DOLocationID", []string{"7", "7", "7", "7", "7"}},
		{"passenger_count", []string{"1", " 2", "", "N/A", "NULL"}},
		{"total_amount", []string{"12.35", "-0.5 ", "1e2", "N/A", "NULL"}},
	}
	for _, c := range change {
		columns[slices.IndexFunc(columns, func(o textColumn) bool { return o.name == c.name })] = c
	}
	return textBatch(columns...)
}

func textRows(b Batch) (rows []string) {
	rowsOf(b, func(row string) { rows = append(rows, strings.TrimPrefix(row, "yellow ")) })
	return rows
}

func TestTextsAreValuesWithoutSpacesAndEmptyOnesAreNull(t *testing.T) {
	at := fmt.Sprint(int64(tenOClock))
	want := []string{
		at + " 1583057400000000 132 7 1000000 - 12350000 -",
		at + " - 132 7 2000000 - -500000 -",
		at + " - - 7 - - 100000000 -",
		at + " - - 7 - - - -",
		at + " - - 7 - - - -",
	}
	for name, in := range map[string]element.Columns{"values": goodTexts(), "codes": inCodes(t, goodTexts())} {
		for _, judged := range []bool{false, true} {
			b, err := (&fieldsFn{Options: with(Options{Judged: judged})}).batch(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := textRows(b); !slices.Equal(got, want) || b.NotNumbers != nil || b.NotPickups != nil || b.NotDropoffs != nil || b.NoCodes != nil {
				t.Errorf("%s, judged %v: found\n%q\nwith %v, %v, %v, %v, expected\n%q", name, judged, got, b.NotNumbers, b.NotPickups, b.NotDropoffs, b.NoCodes, want)
			}
		}
	}
}

// TestTextsThatAreNoValuesAreNotedForRules has such texts in each kind of column. Without rules each of them is an error that says its
// place.
func TestTextsThatAreNoValuesAreNotedForRules(t *testing.T) {
	good := []string{"1", "2", "3", "4", "5"}
	for name, c := range map[string]struct {
		change      textColumn
		field       Field
		want        []string // the values
		numbers     []int32
		pickups     []int32
		dropoffs    []int32
		place, says string
	}{
		"amount": {
			textColumn{"total_amount", []string{"1", "ten", "1e13", "200000000", "NaN"}},
			Amount,
			[]string{"1000000", "-", "-", "200000000000000", "-"},
			[]int32{1, 2, 4},
			nil, nil, "row 101", `column "total_amount": found "ten", expected a number`,
		},
		"zone": {
			textColumn{"PULocationID", []string{"132", "JFK", "99999999999", "1.5", ""}},
			PickupZone,
			[]string{"132", "-", "0", "0", "-"},
			[]int32{1},
			nil, nil, "row 101", `column "PULocationID": found "JFK", expected a whole number`,
		},
		"pickup": {
			textColumn{"tpep_pickup_datetime", []string{"2020-03-01 10:00:00", "", "yesterday", "2020-02-30 10:00:00", "2020-03-01"}},
			Pickup,
			[]string{fmt.Sprint(int64(tenOClock)), "-", "-", "-", "-"},
			nil,
			[]int32{2, 3, 4},
			nil, "row 102", `column "tpep_pickup_datetime": found "yesterday", expected a time such as 2009-01-04 02:52:00`,
		},
		"dropoff": {
			textColumn{"tpep_dropoff_datetime", []string{"never", "N/A", "2020-03-01 10:00:00", "1/3/2020 10:00", "0"}},
			Dropoff,
			[]string{"-", "-", fmt.Sprint(int64(tenOClock)), "-", "-"},
			nil, nil,
			[]int32{0, 3, 4},
			"row 100", `column "tpep_dropoff_datetime": found "never", expected a time`,
		},
		"all good": {textColumn{"total_amount", good}, Amount, []string{"1000000", "2000000", "3000000", "4000000", "5000000"}, nil, nil, nil, "", ""},
	} {
		for form, in := range map[string]element.Columns{"values": goodTexts(c.change), "codes": inCodes(t, goodTexts(c.change))} {
			b, err := (&fieldsFn{Options: with(Options{Judged: true})}).batch(in)
			if err != nil {
				t.Fatal(err)
			}
			b = recoded(t, b)
			var got []string
			for i := range b.Rows {
				got = append(got, render(b.Columns[c.field], i))
			}
			if !slices.Equal(got, c.want) || !slices.Equal(b.NotNumbers, c.numbers) || !slices.Equal(b.NotPickups, c.pickups) || !slices.Equal(b.NotDropoffs, c.dropoffs) {
				t.Errorf("%s as %s: found %q with %v, %v, %v, expected %q with %v, %v, %v", name, form, got, b.NotNumbers, b.NotPickups, b.NotDropoffs, c.want, c.numbers, c.pickups, c.dropoffs)
			}
			_, err = (&fieldsFn{Options: with(Options{})}).batch(in)
			if f := fault.Find(err); c.says == "" && err != nil || c.says != "" && (f == nil || f.Code != fault.Input || !strings.Contains(f.Message, "x.parquet: row group 2: "+c.place+": "+c.says)) {
				t.Errorf("%s as %s, without rules: found %v, expected %q, %q", name, form, err, c.place, c.says)
			}
		}
	}
}

// TestATextWithAZoneIsReadOnlyAsAskedFor checks that a time with an offset needs --utc, because the file does not tell what the offset
// means.
func TestATextWithAZoneIsReadOnlyAsAskedFor(t *testing.T) {
	in := goodTexts(textColumn{"tpep_pickup_datetime", []string{"2020-03-01T15:00:00Z", "2020-03-01 15:00:00 UTC", "2020-03-01 10:00:00-05:00", "2020-03-01 10:00:00", "2020-03-01T23:00:00.000+08:00"}})
	for _, judged := range []bool{false, true} {
		_, err := (&fieldsFn{Options: with(Options{Judged: judged})}).batch(in)
		f := fault.Find(err)
		if f == nil || f.Code != fault.Input || !strings.HasSuffix(f.Message, "or --utc=convert if the offset is right") || !strings.Contains(f.Message, `row 100: column "tpep_pickup_datetime": found "2020-03-01T15:00:00Z"`) {
			t.Errorf("judged %v: found %v, expected an error that names --utc", judged, err)
		}
		for utc, hours := range map[string][]int64{UTCWall: {5, 5, 0, 0, 13}, UTCConvert: {0, 0, 0, 0, 0}} {
			b, err := (&fieldsFn{Options: with(Options{Judged: judged, UTC: utc})}).batch(in)
			if err != nil {
				t.Fatal(err)
			}
			for i, h := range hours {
				if got, want := b.Columns[Pickup].Values[i], tenOClock+h*3_600_000_000; got != want {
					t.Errorf("--utc=%s, judged %v, row %d: found %d, expected %d", utc, judged, i, got, want)
				}
			}
		}
	}
}

func TestDatesWithSlashesAreReadInTheOrderOfTheirFile(t *testing.T) {
	in := goodTexts(textColumn{"tpep_pickup_datetime", []string{"3/1/2020 10:00", "03/01/2020 10:00:00", "3/1/2020 10:00:00 AM", "1/3/2020 10:00", "13/3/2020 10:00"}})
	for order, want := range map[element.DateOrder][]string{
		element.MonthFirst: {"2020-03", "2020-03", "2020-03", "2020-01", "-"}, element.DayFirst: {"2020-01", "2020-01", "2020-01", "2020-03", "2020-03"}, element.NoOrder: {"-", "-", "-", "-", "-"},
	} {
		in.Dates = order
		b, err := (&fieldsFn{Options: with(Options{Judged: true})}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		for i, month := range want {
			got := "-"
			if c := b.Columns[Pickup]; !c.IsNull(i) {
				m := MonthOf(c.Values[i])
				got = fmt.Sprintf("%d-%02d", YearOf(m), m%12+1)
			}
			if got != month {
				t.Errorf("%q, row %d: found %s, expected %s", order, i, got, month)
			}
		}
	}
}

// TestTextsAreMappedInMemoryThatIsThere checks that texts are read without a copy of each.
func TestTextsAreMappedInMemoryThatIsThere(t *testing.T) {
	testAllocations(t, "texts", manyTexts())
}

// manyTexts makes a batch like those of good files, as text.
func manyTexts() element.Columns {
	const rows = 16 << 10
	column := func(name string, f func(i int) string) textColumn {
		c := textColumn{name, make([]string, rows)}
		for i := range rows {
			c.texts[i] = f(i)
		}
		return c
	}
	at := func(i int) string { return fmt.Sprintf("2020-03-%02d %02d:%02d:%02d", 1+i/1000, i/700, i/60%60, i%60) }
	money := func(i int) string { return fmt.Sprintf("%d.%02d", i%80, i%100) }
	return textBatch(column("tpep_pickup_datetime", at), column("tpep_dropoff_datetime", at), column("PULocationID", func(i int) string { return fmt.Sprint(i%265 + 1) }),
		column("DOLocationID", func(i int) string { return fmt.Sprint(i%263 + 1) }), column("passenger_count", func(i int) string { return fmt.Sprint(i % 7) }),
		column("trip_distance", money), column("total_amount", money), column("tip_amount", money))
}

func BenchmarkTexts(b *testing.B) {
	in := manyTexts()
	fields := &fieldsFn{Options: with(Options{})}
	b.ReportAllocs()
	for b.Loop() {
		if err := fields.ProcessElement(columnsList(in), func(Batches) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(in.Record.NumRows()), "ns/row")
}
