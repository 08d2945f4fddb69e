package trip

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/eights"
	"tripstats/transforms/element"
)

// fareInParts is the dataset of the tests below, in which the fare is the sum of four columns.
func fareInParts(judged bool) Options {
	opts := wanting([]Field{Fare, Tolls},
		element.Known{Name: "a", Meaning: Fare.Meaning()}, element.Known{Name: "b", Meaning: Tolls.Meaning(), Adds: Fare.Meaning()},
		element.Known{Name: "c", Meaning: Fare.Meaning()}, element.Known{Name: "d", Meaning: Fare.Meaning()})
	opts.Judged = judged
	return opts
}

// TestSumsOfColumnsAreThoseOfBigNumbers adds up random columns of all kinds and compares the sums with math/big: columns with some nulls,
// without nulls, with only nulls, with a dictionary, of whole numbers and of text, with values that are not numbers or are too large.
func TestSumsOfColumnsAreThoseOfBigNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	compare := func(t *testing.T) {
		for range 300 {
			rows := 1 + rng.IntN(40)
			fn := &fieldsFn{Options: fareInParts(true)}
			for range 3 { // batches of one file share memory
				parts := map[string][]part{}
				var cols []col
				coded := map[string]bool{}
				for _, name := range []string{"a", "b", "c", "d"} {
					typ, values := randomParts(rng, rows)
					c := col{name: name, typ: typ}
					for _, v := range values {
						c.values = append(c.values, v.text)
					}
					parts[name], cols = values, append(cols, c)
					coded[name] = typ == element.Float64 && rng.IntN(2) == 0
				}
				in := withDictionaries(t, yellow(t)(rows, cols...), coded)
				b, err := fn.batch(in)
				if err != nil {
					t.Fatal(err)
				}
				checkSums(t, b, rows, parts)
			}
		}
	}
	t.Run("as the processor can", compare)
	defer eights.Disable()()
	t.Run("one by one", compare)
}

// part is a value to add: its text, and its number of units of 10^-6 unless it is null or not a number.
type part struct {
	text string
	is   *big.Int
	none bool // it is not a number, so the sum is not a number
}

func randomParts(rng *rand.Rand, rows int) (element.ValueType, []part) {
	types := []element.ValueType{element.Float64, element.Float64, element.Float64, element.Int64, element.String, element.Null}
	typ := types[rng.IntN(len(types))]
	nulls, odd := rng.IntN(3), rng.IntN(3)
	share := []int{4, 4, 40}[rng.IntN(3)] // columns with few nulls and columns with many are added in different ways
	values := make([]part, rows)
	for i := range values {
		cents := rng.Int64N(100_000) - 20_000
		switch {
		case typ == element.Null || rng.IntN(share) < nulls:
		case typ == element.Int64:
			values[i] = part{text: fmt.Sprint(cents), is: big.NewInt(cents * Unit)}
		case typ == element.Float64 && odd == 2 && rng.IntN(8) == 0:
			values[i] = part{text: "NaN", none: true}
		case typ == element.Float64 && odd == 2 && rng.IntN(8) == 0:
			values[i] = part{text: "8e12", is: new(big.Int).Mul(big.NewInt(8e12), big.NewInt(Unit))}
		default:
			values[i] = part{text: fmt.Sprintf("%.2f", float64(cents)/100), is: big.NewInt(cents * Unit / 100)}
		}
	}
	return typ, values
}

func checkSums(t *testing.T, b Batch, rows int, parts map[string][]part) {
	t.Helper()
	sum := &b.Columns[Fare]
	nulls := 0
	for i := range rows {
		total, null, none := new(big.Int), true, false
		for _, name := range []string{"a", "b", "c", "d"} {
			p := parts[name][i]
			none = none || p.none
			if p.is != nil {
				total.Add(total, p.is)
				null = false
			}
			// Sums are checked as they grow, so that a later column cannot bring one back into 64 bits.
			if !total.IsInt64() {
				none = true
			}
		}
		if null || none {
			nulls++
		}
		if found := slices.Contains(b.NotNumbers, int32(i)); found != none && !parts["b"][i].none {
			t.Fatalf("row %d: no number: %v, expected %v of %v", i, found, none, total)
		}
		if got := sum.IsNull(i); got != (null || none) || !got && sum.Values[i] != total.Int64() || got && sum.Values[i] != 0 {
			t.Fatalf("row %d: found %d, null %v; expected %v, null %v", i, sum.Values[i], got, total, null || none)
		}
		tolls := parts["b"][i]
		if got := b.Columns[Tolls]; !got.IsNull(i) && (tolls.is == nil || got.Values[i] != tolls.is.Int64()) {
			t.Fatalf("row %d: found tolls of %d, expected %v", i, got.Values[i], tolls.is)
		}
	}
	if sum.Nulls != nulls {
		t.Fatalf("found %d nulls, expected %d", sum.Nulls, nulls)
	}
}

// withDictionaries turns columns of a batch into dictionary columns.
func withDictionaries(t *testing.T, in element.Columns, coded map[string]bool) element.Columns {
	t.Helper()
	columns, fields := slices.Clone(in.Record.Columns()), slices.Clone(in.Record.Schema().Fields())
	for i, f := range fields {
		if !coded[f.Name] {
			continue
		}
		typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: f.Type}
		b := array.NewDictionaryBuilder(memory.DefaultAllocator, typ)
		if err := b.AppendArray(columns[i]); err != nil {
			t.Fatal(err)
		}
		columns[i], fields[i].Type = b.NewArray(), typ
	}
	in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, in.Record.NumRows())
	return in
}

func TestASumBeyondTheLargestMeasureIsAFaultWithoutRules(t *testing.T) {
	in := yellow(t)(2, col{"a", element.Float64, []string{"1", "1e8"}}, col{"c", element.Float64, []string{"1", "1"}})
	_, err := (&fieldsFn{Options: fareInParts(false)}).batch(in)
	if want := `x.parquet: row group 2: row 101: columns "a", "c": found a sum of 100000001.00, expected a number from -100000000 to 100000000`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found %v, expected %s", err, want)
	}
	if _, err := (&fieldsFn{Options: fareInParts(true)}).batch(in); err != nil {
		t.Errorf("with rules: %v", err)
	}
}

// BenchmarkAddUp adds up eight columns of a batch, as for fhvhv's total amount.
func BenchmarkAddUp(b *testing.B) {
	const rows = 32_768
	for _, kind := range []string{"doubles", "coded"} {
		b.Run(kind, func(b *testing.B) {
			var known []element.Known
			var fields []arrow.Field
			var columns []arrow.Array
			for k := range 8 {
				name := fmt.Sprintf("c%d", k)
				known = append(known, element.Known{Name: name, Meaning: Amount.Meaning()})
				if kind == "doubles" {
					v := array.NewFloat64Builder(memory.DefaultAllocator)
					for range rows {
						v.Append(float64(rand.IntN(10_000)) / 100)
					}
					columns = append(columns, v.NewArray())
				} else {
					v := array.NewDictionaryBuilder(memory.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.PrimitiveTypes.Float64}).(*array.Float64DictionaryBuilder)
					for range rows {
						if err := v.Append(float64(rand.IntN(3_000)) / 100); err != nil {
							b.Fatal(err)
						}
					}
					columns = append(columns, v.NewArray())
				}
				fields = append(fields, arrow.Field{Name: name, Type: columns[k].DataType(), Nullable: true})
			}
			in := element.Columns{Source: "x", Variant: "x", Record: array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, rows)}
			fn := &fieldsFn{Options: Options{Registry: []element.Dataset{{Name: "x", Columns: known}}}}
			if err := fn.remap(in); err != nil {
				b.Fatal(err)
			}
			var sources []source
			for k := range 8 {
				sources = append(sources, source{index: k})
			}
			b.SetBytes(8 * 8 * rows)
			for b.Loop() {
				if _, err := fn.addUp(in, Amount, sources, &fn.columns[Amount]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
