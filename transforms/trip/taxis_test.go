package trip

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

var testTelling = element.Telling{
	Columns: []string{"taxi_type", "color"},
	Values:  []element.TaxiValue{{Value: "yellow", Taxi: Yellow}, {Value: "green", Taxi: Green}},
}

// severalTaxis makes a batch with a row for each word of colors. The rows have the tips 0, 1, 2 and so on.
func severalTaxis(t testing.TB, colors []string, more ...col) element.Columns {
	tips := make([]string, len(colors))
	for i := range tips {
		tips[i] = fmt.Sprint(i)
	}
	in := yellow(t)(len(colors), append(more, col{"tip_amount", element.Float64, tips}, col{"color", element.String, colors})...)
	in.TaxiColumn, in.FileRow = "color", 1000
	in.Shares = []element.Share{{Taxi: Green, Values: []string{"Green", "green"}, Alone: true}, {Taxi: Yellow, Values: []string{"yellow"}}}
	return in
}

// inCodes returns the batch with a dictionary in the column that names the taxi.
func colorInCodes(in element.Columns) element.Columns {
	i := in.Record.Schema().FieldIndices("color")[0]
	values := in.Record.Column(i).(*array.String)
	dictionary, codes := array.NewStringBuilder(memory.DefaultAllocator), array.NewUint16Builder(memory.DefaultAllocator)
	dictionary.Append("in no row")
	at := map[string]uint16{}
	for row := range values.Len() {
		text := values.Value(row)
		if _, known := at[text]; !known {
			at[text] = uint16(dictionary.Len())
			dictionary.Append(text)
		}
		codes.Append(at[text])
	}
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
	fields, arrays := in.Record.Schema().Fields(), slices.Clone(in.Record.Columns())
	fields[i].Type, arrays[i] = typ, array.NewDictionaryArray(typ, codes.NewArray(), dictionary.NewArray())
	in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, in.Record.NumRows())
	return in
}

// tipsOf returns the batches of in as text: the taxi, and for each row its tip and its place in the file.
func tipsOf(t *testing.T, fn *fieldsFn, in element.Columns) []string {
	t.Helper()
	var batches []string
	if err := fn.ProcessElement(columnsList(in), each(func(b Batch) {
		text := b.Taxi
		if b.Alone {
			text += " alone"
		}
		recoded := recoded(t, b)
		for i := range b.Rows {
			tip := b.Columns[Tip].Values[i] / Unit
			text += fmt.Sprint(" ", tip)
			if b.RowNumber(i) != 1000+tip || recoded.RowNumber(i) != b.RowNumber(i) || b.Where(i) != fmt.Sprint("x.parquet: row group 2: row ", 100+tip) {
				t.Errorf("row %d of the file is said to be %s, number %d", 1000+tip, b.Where(i), b.RowNumber(i))
			}
		}
		batches = append(batches, text)
	})); err != nil {
		t.Fatal(err)
	}
	return batches
}

// TestABatchOfSeveralTaxisIsParted checks that rows keep their order and their places. Each of a few runs becomes a batch; many runs are
// combined.
func TestABatchOfSeveralTaxisIsParted(t *testing.T) {
	for colors, want := range map[string][]string{
		"yellow yellow":                      {"yellow 0 1"},
		"green Green":                        {"green alone 0 1"},
		"yellow green green yellow":          {"yellow 0", "green alone 1 2", "yellow 3"},
		"yellow green yellow Green yellow":   {"green alone 1 3", "yellow 0 2 4"},
		"green yellow green yellow yellow g": nil,
	} {
		words := strings.Fields(colors)
		if want == nil {
			words = words[:len(words)-1]
			want = []string{"green alone 0", "yellow 1", "green alone 2", "yellow 3 4"}
		}
		in := severalTaxis(t, words)
		for form, in := range map[string]element.Columns{"values": in, "codes": colorInCodes(in)} {
			fn := &fieldsFn{Options: with(Options{})}
			for range 2 { // what was learnt from a batch is right for the next
				if got := tipsOf(t, fn, in); !slices.Equal(got, want) {
					t.Errorf("%s as %s: found %q, expected %q", colors, form, got, want)
				}
			}
			in.Shares = slices.Clone(in.Shares)
			in.Shares[1].Left = true
			green := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return strings.HasPrefix(s, "yellow") })
			if got := tipsOf(t, fn, in); !slices.Equal(got, green) {
				t.Errorf("%s as %s, without yellow: found %q, expected %q", colors, form, got, green)
			}
		}
	}
}

// TestEachRowIsInOneBatchOfItsTaxi divides random batches, with runs of any length.
func TestEachRowIsInOneBatchOfItsTaxi(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 9))
	fn := &fieldsFn{Options: with(Options{})}
	for range 200 {
		var colors []string
		for len(colors) < 60 {
			color := []string{"yellow", "green", "Green"}[random.IntN(3)]
			for range 1 + random.IntN(1+random.IntN(40)) {
				colors = append(colors, color)
			}
		}
		in := severalTaxis(t, colors)
		seen := make([]string, len(colors))
		for _, batch := range tipsOf(t, fn, colorInCodes(in)) {
			words := strings.Fields(strings.Replace(batch, " alone", "", 1))
			for _, row := range words[1:] {
				var i int
				if _, err := fmt.Sscan(row, &i); err != nil || seen[i] != "" {
					t.Fatalf("row %s is in two batches, or none: %v", row, err)
				}
				seen[i] = words[0]
			}
		}
		for i, color := range colors {
			if seen[i] != strings.ToLower(color) {
				t.Fatalf("row %d of %s is with the trips of %q", i, color, seen[i])
			}
		}
	}
}

func TestWhatIsWrongInARowIsToldOfItsTaxi(t *testing.T) {
	colors := strings.Fields("yellow green yellow green yellow green")
	in := severalTaxis(t, colors, col{"total_amount", element.Float64, strings.Fields("1 NaN 3 4 5 NaN")})
	fn := &fieldsFn{Options: with(Options{Judged: true})}
	found := map[string][]int32{}
	if err := fn.ProcessElement(columnsList(in), each(func(b Batch) { found[b.Taxi] = b.NotNumbers })); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found[Green], []int32{0, 2}) || found[Yellow] != nil {
		t.Errorf("found values that are no numbers in rows %v, expected the first and the third green one", found)
	}
	fn = &fieldsFn{Options: with(Options{})}
	err := fn.ProcessElement(columnsList(in), func(Batches) {})
	if f := fault.Find(err); f == nil || !strings.HasPrefix(f.Message, `x.parquet: row group 2: row 101: column "total_amount": found NaN`) {
		t.Errorf("found %v, expected an error that names the row as it is in the file", err)
	}
}

func TestAnotherValueThanBeforeIsAnError(t *testing.T) {
	for _, colors := range []string{"yellow blue", "yellow -"} {
		words := strings.Fields(colors)
		if words[1] == "-" {
			words[1] = ""
		}
		in := severalTaxis(t, words)
		in.Shares = slices.Clone(in.Shares)
		err := (&fieldsFn{Options: with(Options{})}).ProcessElement(columnsList(in), func(Batches) {})
		if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.Contains(f.Message, `column "color"`) {
			t.Errorf("%s: found %v, expected an error that names the column", colors, err)
		}
	}
	in := colorInCodes(severalTaxis(t, []string{"yellow", "blue"}))
	if err := (&fieldsFn{Options: with(Options{})}).ProcessElement(columnsList(in), func(Batches) {}); fault.Find(err) == nil {
		t.Errorf("found %v, expected an error", err)
	}
}

// TestAColumnThatTellsTheTaxiIsFound checks that it is the first one in the list that has no other meaning in the dataset. A file with
// such a column may also have columns of other taxis.
func TestAColumnThatTellsTheTaxiIsFound(t *testing.T) {
	opts := with(Options{Telling: testTelling})
	opts.Registry = slices.Clone(testRegistry)
	opts.Registry[1].Columns = append(slices.Clone(opts.Registry[1].Columns), element.Known{Name: "ehail_fee", Meaning: EhailFee.Meaning()})
	for _, c := range []struct {
		add  []string
		want string
	}{
		{nil, ""}, {[]string{"Color"}, "Color"}, {[]string{"color", "TAXI_TYPE"}, "TAXI_TYPE"}, {[]string{"colors"}, ""},
	} {
		change := map[string]element.ValueType{"ehail_fee": element.Float64}
		for _, name := range c.add {
			change[name] = element.String
		}
		f, err := Recognise(fileWith(change), opts)
		if err != nil || f.TaxiColumn != c.want || slices.Contains(f.Unknown, c.want) || slices.Contains(f.Unknown, "ehail_fee") != (c.want == "") {
			t.Errorf("%q: found the column %q, %v, unknown columns %q; expected %q", c.add, f.TaxiColumn, err, f.Unknown, c.want)
		}
	}
	_, err := Recognise(fileWith(map[string]element.ValueType{"color": element.String, "Color": element.String}), opts)
	if f := fault.Find(err); f == nil || !strings.Contains(f.Message, "drop one") {
		t.Errorf("two columns of one name: found %v, expected an error", err)
	}
	opts.Registry[0].Columns = append(slices.Clone(opts.Registry[0].Columns), element.Known{Name: "color"})
	if f, err := Recognise(fileWith(map[string]element.ValueType{"color": element.String}), opts); err != nil || f.TaxiColumn != "" {
		t.Errorf("a column that the dataset knows: found the column %q, %v, expected none", f.TaxiColumn, err)
	}
}

// several is a file of yellow and green trips.
func several(source string, month int32) element.Recognised {
	f := recognised(source, "green, yellow", month)
	f.Rows, f.TaxiColumn = 30, "color"
	f.Shares = []element.Share{{Taxi: Green, Rows: 10}, {Taxi: Yellow, Rows: 20}}
	return f
}

func TestAFileOfSeveralTaxisIsAdmittedForEach(t *testing.T) {
	const other = 601
	text := func(files []element.Recognised) string {
		var out []string
		for _, f := range files {
			for _, a := range f.Admit() {
				out = append(out, fmt.Sprint(a.Source, " ", a.Taxi, " ", a.Rows, " ", a.Others, " ", a.Alone))
			}
		}
		return strings.Join(out, "; ")
	}
	plain := func(source, taxi string, month int32) element.Recognised {
		f := recognised(source, taxi, month)
		f.Rows = 5
		return f
	}
	part := func(f element.Recognised) element.Recognised {
		f.Dataset = "d"
		return f
	}
	for name, c := range map[string]struct {
		files []element.Recognised
		rules Admission
		want  string // or the error
	}{
		"alone":                 {[]element.Recognised{several("a", 600)}, Admission{}, "a green 10 0 true; a yellow 20 0 true"},
		"one taxi":              {[]element.Recognised{several("a", 600)}, Admission{Taxis: []string{Green}}, "a green 10 20 true"},
		"another month":         {[]element.Recognised{several("a", 600), plain("b", Green, other)}, Admission{}, "a green 10 0 true; a yellow 20 0 true; b green 5 0 true"},
		"the month of another":  {[]element.Recognised{several("a", 600), plain("b", Green, 600)}, Admission{}, "b: found green taxis of 2020-01, which a is too"},
		"merged":                {[]element.Recognised{several("a", 600), plain("b", Green, 600)}, Admission{MergeSameMonth: true}, "a green 10 0 false; a yellow 20 0 true; b green 5 0 false"},
		"without what is twice": {[]element.Recognised{several("a", 600), plain("b", Green, 600)}, Admission{Taxis: []string{Yellow}}, "a yellow 20 10 true"},
		"parts that tell":       {[]element.Recognised{part(several("d/a", 600)), part(several("d/b", 600))}, Admission{}, "d/a green 10 0 false; d/a yellow 20 0 false; d/b green 10 0 false; d/b yellow 20 0 false"},
		"parts that do not":     {[]element.Recognised{part(several("d/a", 600)), part(plain("d/b", Green, 600))}, Admission{}, "found a part of green taxis"},
		"a gap of one taxi":     {[]element.Recognised{several("a", 600), plain("b", Yellow, other), several("c", 602)}, Admission{RequireComplete: true}, "no file for green 2020-02"},
	} {
		kept, _, err := Admit(c.files, nil, c.rules)
		if got := text(kept); err == nil && got != c.want {
			t.Errorf("%s: found %s, expected %s", name, got, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %s", name, err, c.want)
		}
	}
	_, left, err := Admit([]element.Recognised{several("a", 600), plain("b", "cars", 600)}, nil, Admission{Taxis: []string{"cars"}})
	if err != nil || len(left) != 1 || left[0].Source != "a" {
		t.Errorf("found %v, %v, expected the file of other taxis to be left out", left, err)
	}
}

func BenchmarkSeveralTaxis(b *testing.B) {
	const rows = 16 << 10
	for _, run := range []int{1, 100, rows / 2} {
		colors := make([]string, rows)
		for i := range colors {
			colors[i] = []string{"yellow", "green"}[i/run%2]
		}
		in := moneyed(b, rows)
		extra := severalTaxis(b, colors)
		fields := append(in.Record.Schema().Fields(), arrow.Field{Name: "color", Type: arrow.BinaryTypes.String})
		in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), append(slices.Clone(in.Record.Columns()), extra.Record.Column(5)), rows)
		in.TaxiColumn, in.Shares = extra.TaxiColumn, extra.Shares
		in = colorInCodes(in)
		b.Run(fmt.Sprint("run=", run), func(b *testing.B) {
			fn := &fieldsFn{Options: with(Options{})}
			b.ReportAllocs()
			for b.Loop() {
				if err := fn.ProcessElement(columnsList(in), func(Batches) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
