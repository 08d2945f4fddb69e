package trip

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() {
	register.Function2x0(rowsOfAll)
	register.Emitter1[string]()
}

// rowsOfAll returns each row of batches as text, for passert to compare.
func rowsOfAll(l Batches, emit func(string)) { each(func(b Batch) { rowsOf(b, emit) })(l) }

// rowsOf returns each row of a batch as text.
func rowsOf(b Batch, emit func(string)) {
	run := 0
	for i := range b.Rows {
		text := []string{b.Taxi}
		for _, f := range Standing {
			text = append(text, render(b.Columns[f], i))
		}
		if b.Months != nil {
			for i >= b.Months[run].End {
				run++
			}
			text = append(text, "took", render(b.Columns[Duration], i), "in", fmt.Sprint(b.Months[run].Month))
		}
		emit(strings.Join(text, " "))
	}
}

func render(c Column, i int) string {
	if c.IsNull(i) {
		if c.Values[i] != 0 {
			return "null-but-not-zero"
		}
		return "-"
	}
	return fmt.Sprint(c.Values[i])
}

// 2020-03-01 10:00:00, in µs, and the month it lies in.
const (
	tenOClock = 1_583_056_800_000_000
	march2020 = 50*12 + 2
)

func TestFieldsAndDeriveMapEveryPhysicalType(t *testing.T) {
	at := func(minutes int64) string { return fmt.Sprint(tenOClock + minutes*60_000_000) }
	for name, c := range map[string]struct {
		in   element.Columns
		opts Options
		want []string
	}{
		"required only": {yellow(t)(3), Options{}, []string{
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
		}},
		"doubles with nulls": {yellow(t)(3,
			col{"passenger_count", element.Float64, []string{"1", "", "6"}},
			col{"Trip_Distance", element.Float64, []string{"2.35", "", "-0.1"}},
			col{"total_amount", element.Float64, []string{"", "", ""}},
			col{"tip_amount", element.Null, []string{"", "", ""}}), Options{}, []string{
			"yellow " + at(0) + " " + at(10) + " 132 132 1000000 2350000 - - took 600000000 in 602",
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
			"yellow " + at(0) + " " + at(10) + " 132 132 6000000 -100000 - - took 600000000 in 602",
		}},
		"integers and text": {yellow(t)(2,
			col{"passenger_count", element.Int64, []string{"1", "-2"}},
			col{"trip_distance", element.Int32, []string{"3", ""}},
			col{"total_amount", element.String, []string{"12.35", ""}},
			col{"tip_amount", element.Float32, []string{"0.5", "-1.25"}},
			col{"PULocationID", element.String, []string{"7", "265.0"}},
			col{"DOLocationID", element.Float64, []string{"", "3"}}), Options{}, []string{
			"yellow " + at(0) + " " + at(10) + " 7 - 1000000 3000000 12350000 500000 took 600000000 in 602",
			"yellow " + at(0) + " " + at(10) + " 265 3 -2000000 - - -1250000 took 600000000 in 602",
		}},
		"unsigned": {yellow(t)(1,
			col{"passenger_count", element.Uint32, []string{"3"}},
			col{"total_amount", element.Uint64, []string{"100000000"}},
			col{"PULocationID", element.Uint32, []string{"4"}},
			col{"DOLocationID", element.Uint64, []string{"5"}}), Options{}, []string{
			"yellow " + at(0) + " " + at(10) + " 4 5 3000000 - 100000000000000 - took 600000000 in 602",
		}},
		"null times": {yellow(t)(2,
			col{"tpep_pickup_datetime", element.TimestampMicros, []string{"", "2020-03-01 10:00:00"}},
			col{"tpep_dropoff_datetime", element.TimestampMicros, []string{"2020-03-01 10:10:00", ""}}), Options{}, []string{
			"yellow - " + at(10) + " 132 132 - - - - took - in " + fmt.Sprint(element.NoMonth),
			"yellow " + at(0) + " - 132 132 - - - - took - in 602",
		}},
		"ms and ns": {yellow(t)(1,
			col{"tpep_pickup_datetime", element.TimestampMillis, []string{"2020-03-01 10:00:00"}},
			col{"tpep_dropoff_datetime", element.TimestampNanos, []string{"2020-03-01 10:10:00.000000500"}}), Options{}, []string{
			"yellow " + at(0) + " " + fmt.Sprint(int64(tenOClock+600_000_001)) + " 132 132 - - - - took 600000001 in 602",
		}},
		"utc as wall": {yellow(t)(1,
			col{"tpep_pickup_datetime", element.TimestampMicrosUTC, []string{"2020-03-01 10:00:00Z"}}), Options{UTC: UTCWall}, []string{
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
		}},
		"utc converted": {yellow(t)(1,
			col{"tpep_pickup_datetime", element.TimestampMicrosUTC, []string{"2020-03-01 15:00:00Z"}}), Options{UTC: UTCConvert}, []string{
			"yellow " + at(0) + " " + at(10) + " 132 132 - - - - took 600000000 in 602",
		}},
	} {
		for form, in := range forms(t, c.in) {
			t.Run(name+" as "+form, func(t *testing.T) {
				p, s, in := ptest.CreateList([]element.ColumnsList{columnsList(in)})
				trips := Derive(s, with(c.opts), MapFields(s, with(c.opts), in))
				passert.EqualsList(s, beam.ParDo(s, rowsOfAll, trips), c.want)
				ptest.RunAndValidate(t, p)
			})
			// At a stage boundary codes become values, so the test runs once more without one.
			b, err := (&fieldsFn{Options: with(c.opts)}).batch(in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if err := deriving().ProcessElement(listOf(b), each(func(b Batch) { rowsOf(b, func(row string) { got = append(got, row) }) })); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s as %s: %q, expected %q", name, form, got, c.want)
			}
		}
	}
}

func TestInt96IsReadAsItStands(t *testing.T) {
	b := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, element.Int96Type)
	// 10:00 of Julian day 2,458,910, which begins 2020-03-01.
	b.Append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, 36_000e9), 2_458_910))
	b.AppendNull()
	values, bad := (&fieldsFn{}).timeColumn(b.NewArray(), make([]int64, 2))
	if bad != nil || values[0] != tenOClock {
		t.Errorf("found %v, %+v, expected %d", values, bad, int64(tenOClock))
	}
}

func TestValuesThatCannotBeRepresentedAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		col  col
		want string
	}{
		"NaN":          {col{"total_amount", element.Float64, []string{"1", "NaN"}}, `x.parquet: row group 2: row 101: column "total_amount": found NaN, expected a number from -100000000 to 100000000`},
		"infinite":     {col{"tip_amount", element.Float64, []string{"1", "+Inf"}}, `found +Inf`},
		"large":        {col{"trip_distance", element.Int64, []string{"1", "100000001"}}, `found 100000001`},
		"unsigned":     {col{"trip_distance", element.Uint64, []string{"1", "18446744073709551615"}}, `found 18446744073709551615`},
		"text":         {col{"passenger_count", element.String, []string{"1", "two"}}, `column "passenger_count": found "two"`},
		"zone":         {col{"PULocationID", element.Float64, []string{"1", "1.5"}}, `column "PULocationID": found 1.5, expected a whole number`},
		"wide zone":    {col{"DOLocationID", element.Int64, []string{"1", "4294967297"}}, `found 4294967297`},
		"zone as text": {col{"DOLocationID", element.String, []string{"1", "JFK"}}, `found "JFK"`},
	} {
		for form, in := range forms(t, yellow(t)(2, c.col)) {
			_, err := (&fieldsFn{Options: with(Options{})}).batch(in)
			f := fault.Find(err)
			if f == nil || f.Code != fault.Input || !strings.Contains(f.Message, c.want) {
				t.Errorf("%s as %s: %v, expected %q", name, form, err, c.want)
			}
		}
	}
}

func TestMeasuresThatAreNoNumbersMayPass(t *testing.T) {
	fn := &fieldsFn{Options: with(Options{Judged: true})}
	for form, in := range forms(t, yellow(t)(5,
		col{"total_amount", element.Float64, []string{"1", "NaN", "", "-100000000.5", "1e13"}},
		col{"tip_amount", element.Float64, []string{"1", "+Inf", "2", "3", "4"}},
		col{"trip_distance", element.Int64, []string{"1", "2", "9000000000000", "4", "-9000000000001"}})) {
		b, err := fn.batch(in)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(b.NotNumbers, []int32{1, 4}) {
			t.Errorf("%s: rows %v are no numbers, expected [1 4]", form, b.NotNumbers)
		}
		var got []string
		rowsOf(b, func(s string) { got = append(got, strings.Join(strings.Fields(s)[6:], " ")) })
		want := []string{"1000000 1000000 1000000", "2000000 - -", "9000000000000000000 - 2000000", "4000000 -100000000500000 3000000", "- - 4000000"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: distance, amount and tip %q, expected %q", form, got, want)
		}
		b, err = fn.batch(yellow(t)(1, col{"total_amount", element.Float64, []string{"1"}}))
		if err != nil || b.NotNumbers != nil {
			t.Errorf("%s: the next batch: %v, %v, expected no trace of the first", form, b.NotNumbers, err)
		}
	}
}

func TestNumbersThatCannotBeZonesMayPass(t *testing.T) {
	for _, c := range []struct {
		typ element.ValueType
		bad string
	}{
		{element.Float64, "132.5"},
		{element.Float64, "NaN"},
		{element.Float32, "1e10"},
		{element.Int64, "4294967296"},
		{element.Uint64, "18446744073709551615"},
		{element.Uint32, "4294967295"},
	} {
		for form, in := range forms(t, yellow(t)(3, col{"PULocationID", c.typ, []string{"132", c.bad, ""}})) {
			b, err := (&fieldsFn{Options: with(Options{Judged: true})}).batch(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Columns[PickupZone]; got.Values[0] != 132 || got.Values[1] != 0 || got.IsNull(1) || !got.IsNull(2) {
				t.Errorf("%s as %s: found %v, expected 132, 0, null", c.bad, form, got)
			}
			if _, err := (&fieldsFn{Options: with(Options{})}).batch(in); err == nil {
				t.Errorf("%s as %s: no error where nobody judges it", c.bad, form)
			}
		}
	}
}

// recoded returns b after encoding and decoding.
func recoded(t *testing.T, b Batch) Batch {
	t.Helper()
	coded, err := encodeBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeBatch(coded)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestABatchCarriesItsOriginWhereAskedTo(t *testing.T) {
	in := yellow(t)(3, col{"total_amount", element.Float64, []string{"1", "", "3"}})
	in.FileRow = 77
	for _, keep := range []bool{false, true} {
		b, err := (&fieldsFn{Options: with(Options{KeepOrigin: keep})}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		out := recoded(t, b)
		for _, b := range []Batch{b, out} {
			if (b.Origin != nil) != keep || keep && (!array.RecordEqual(b.Origin, in.Record) || b.FileRow != 77) || b.NoZones {
				t.Errorf("keep %v: found %v at row %d", keep, b.Origin, b.FileRow)
			}
		}
	}
}

func TestFilesWithCoordinatesHaveNullZonesAndTimesAsText(t *testing.T) {
	in := columnsOf(t, Yellow,
		col{"tpep_pickup_datetime", element.String, []string{"2020-03-01 10:00:00", ""}},
		col{"tpep_dropoff_datetime", element.String, []string{"2020-03-01 10:10:00.5", "2020-03-01 10:10:00"}})
	in.Coordinates = true
	fn := &fieldsFn{Options: with(Options{})}
	b, err := fn.batch(in)
	if err != nil {
		t.Fatal(err)
	}
	if b.Columns[Pickup].Values[0] != tenOClock || !b.Columns[Pickup].IsNull(1) || b.Columns[Dropoff].Values[0] != tenOClock+600_500_000 || b.Columns[PickupZone].Nulls != 2 || !b.NoZones {
		t.Errorf("a file of coordinates with times as text: found pickups %v, dropoffs %v, zones %v", b.Columns[Pickup], b.Columns[Dropoff], b.Columns[PickupZone])
	}
	_, err = fn.batch(columnsOf(t, Yellow,
		col{"tpep_pickup_datetime", element.String, []string{"01/03/2020"}}, col{"tpep_dropoff_datetime", element.String, []string{""}}))
	if f := fault.Find(err); f == nil || !strings.Contains(f.Message, `found "01/03/2020", expected a time such as`) {
		t.Errorf("a time in another format: found %v, expected an error that shows a time that can be read", err)
	}
}

func TestADurationBeyond64BitsIsNamed(t *testing.T) {
	b := Batch{Source: "x.parquet", Rows: 2, Columns: [NumFields]Column{Pickup: {Values: []int64{0, -1 << 62}}, Dropoff: {Values: []int64{0, 1 << 62}}}}
	err := deriving().ProcessElement(listOf(b), func(Batches) {})
	if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.HasPrefix(f.Message, "x.parquet: row group 0: row 1: ") {
		t.Errorf("a duration beyond 64 bits: found %v, expected an error with file, row group and row", err)
	}
	// If a time is null, there is no duration that could overflow.
	b.Columns[Pickup].Valid, b.Columns[Pickup].Nulls = []byte{0b01}, 1
	if err := deriving().ProcessElement(listOf(b), func(Batches) {}); err != nil {
		t.Errorf("a null pickup: found %v, expected no error", err)
	}
}

func TestAFieldsFnReusesItsMemoryBetweenBatchesOnly(t *testing.T) {
	fn := &fieldsFn{Options: with(Options{})}
	first, err := fn.batch(yellow(t)(2, col{"total_amount", element.Float64, []string{"1", ""}}))
	if err != nil {
		t.Fatal(err)
	}
	if first.Columns[Amount].Values[0] != 1_000_000 || !first.Columns[Amount].IsNull(1) {
		t.Errorf("first batch: found %+v, expected 1 and a null", first.Columns[Amount])
	}
	second, err := fn.batch(yellow(t)(2, col{"total_amount", element.Float64, []string{"2", "3"}}))
	if err != nil {
		t.Fatal(err)
	}
	if second.Columns[Amount].Valid != nil || second.Columns[Amount].Values[1] != 3_000_000 {
		t.Errorf("second batch: found %+v, expected no trace of the first", second.Columns[Amount])
	}
}

func TestBatchCoderKeepsEverything(t *testing.T) {
	var derived Batch
	in, err := (&fieldsFn{Options: with(Options{})}).batch(yellow(t)(3,
		col{"tpep_pickup_datetime", element.TimestampMicros, []string{"", "2020-03-01 10:00:00", "1969-12-31 23:59:59"}},
		col{"passenger_count", element.Int64, []string{"1", "", "3"}}))
	if err != nil {
		t.Fatal(err)
	}
	if err := deriving().ProcessElement(listOf(in), each(func(b Batch) { derived = b })); err != nil {
		t.Fatal(err)
	}
	judged := derived
	judged.Columns[RawDuration] = Column{Values: []int64{7, 0, 9}, Valid: []byte{0b101}, Nulls: 1}
	for name, b := range map[string]Batch{"not derived": in, "not judged": derived, "judged": judged} {
		out := recoded(t, b)
		if !reflect.DeepEqual(out.Columns[Duration], b.Columns[Duration]) || !reflect.DeepEqual(out.Columns[RawDuration], b.Columns[RawDuration]) {
			t.Errorf("%s: found durations %v and %v, expected %v and %v", name, out.Columns[Duration], out.Columns[RawDuration], b.Columns[Duration], b.Columns[RawDuration])
		}
	}
	out := recoded(t, derived)
	var want, got []string
	rowsOf(derived, func(s string) { want = append(want, s) })
	rowsOf(out, func(s string) { got = append(got, s) })
	if !reflect.DeepEqual(got, want) || out.Where(1) != "x.parquet: row group 2: row 101" {
		t.Errorf("found %q at %s, expected %q", got, out.Where(1), want)
	}
}

func TestACodedBatchThatContradictsItselfIsRefused(t *testing.T) {
	one := Column{Values: []int64{1, 2}}
	good := Batch{
		Source: "s", Rows: 2, Columns: [NumFields]Column{
			Pickup: one, Dropoff: one, Passengers: one, Distance: one, Amount: one, Tip: one, PickupZone: one, DropoffZone: one, Duration: one,
		},
		Months: []MonthRun{{Month: 1, End: 1}, {Month: 2, End: 2}}, NotNumbers: []int32{1},
	}
	for name, change := range map[string]func(*Batch){
		"":                           func(*Batch) {},
		"months without pickups":     func(b *Batch) { b.Columns[Pickup] = Column{} },
		"months in descending order": func(b *Batch) { b.Months = []MonthRun{{Month: 1, End: 2}, {Month: 2, End: 1}} },
		"a month beyond the rows":    func(b *Batch) { b.Months = []MonthRun{{Month: 1, End: 3}} },
		"a row that there is not":    func(b *Batch) { b.NotNumbers = []int32{2} },
		"a row before the first":     func(b *Batch) { b.NotNumbers = []int32{-1} },
	} {
		b := good
		change(&b)
		coded, err := encodeBatch(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeBatch(coded); (err == nil) != (name == "") {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

// FuzzDecodeBatch decodes any bytes. The result may be an error, never a panic.
func FuzzDecodeBatch(f *testing.F) {
	var columns [NumFields]Column
	for i := range columns {
		columns[i] = Column{Values: []int64{1}}
	}
	b, err := encodeBatch(Batch{
		Source: "s", Taxi: Green, Rows: 1, Columns: columns, Months: []MonthRun{{Month: 5, End: 1}},
		FileRow: 9, NoZones: true, NotNumbers: []int32{0}, Findings: []Finding{{Month: 1, Rule: 2, Rows: 3, Sum: 4}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{1, 's'})
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := decodeBatch(b)
		if err != nil {
			return
		}
		for f, c := range out.Columns {
			if c.Values != nil && len(c.Values) != out.Rows {
				t.Errorf("%d rows: found %d values of %s, expected one a row", out.Rows, len(c.Values), Fields[f].Name)
			}
		}
		if len(out.Months) > 0 && (len(out.Columns[Pickup].Values) != out.Rows || out.Months[len(out.Months)-1].End > out.Rows) {
			t.Errorf("%d rows: found %d pickups and months %v, expected one a row and months within the rows", out.Rows, len(out.Columns[Pickup].Values), out.Months)
		}
	})
}

// moneyed returns a batch like those of good files.
func moneyed(tb testing.TB, rows int) element.Columns {
	values := func(f func(i int) string) []string {
		out := make([]string, rows)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	money := func(i int) string { return fmt.Sprintf("%d.%02d", i%80, i%100) }
	return yellow(tb)(rows,
		col{"trip_distance", element.Float64, values(money)}, col{"total_amount", element.Float64, values(money)},
		col{"tip_amount", element.Float64, values(money)}, col{"passenger_count", element.Int64, values(func(i int) string { return fmt.Sprint(i % 7) })})
}

// TestABatchIsMappedInMemoryThatIsThere checks that mapping a batch allocates little, however many rows it has.
func TestABatchIsMappedInMemoryThatIsThere(t *testing.T) {
	for form, in := range forms(t, moneyed(t, 16<<10)) {
		testAllocations(t, form, in)
	}
}

func testAllocations(t *testing.T, form string, in element.Columns) {
	fields, derive, list := &fieldsFn{Options: with(Options{})}, deriving(), columnsList(in)
	allocs := testing.AllocsPerRun(20, func() {
		if err := fields.ProcessElement(list, func(b Batches) {
			if err := derive.ProcessElement(b, func(Batches) {}); err != nil {
				t.Fatal(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 30 {
		t.Errorf("%s: %v allocations a batch, expected at most 30", form, allocs)
	}
}

func BenchmarkFieldsAndDerive(b *testing.B) {
	const rows = 16 << 10
	for form, in := range forms(b, moneyed(b, rows)) {
		b.Run(form, func(b *testing.B) {
			fields, derive, list := &fieldsFn{Options: with(Options{})}, deriving(), columnsList(in)
			b.ReportAllocs()
			for b.Loop() {
				if err := fields.ProcessElement(list, func(t Batches) {
					if err := derive.ProcessElement(t, func(Batches) {}); err != nil {
						b.Fatal(err)
					}
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
