package trip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
)

// TestRowsAreTakenAsArrowTakesThem compares takenColumn with Arrow's compute package, for every type that a column of a file may have,
// with and without nulls, and for slices of arrays.
func TestRowsAreTakenAsArrowTakesThem(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	types := []arrow.DataType{&arrow.Decimal128Type{Precision: 20, Scale: 2}, arrow.FixedWidthTypes.Boolean, arrow.BinaryTypes.LargeString}
	for typ := element.Null; typ <= element.Int96; typ++ {
		types = append(types, typ.Arrow())
	}
	for _, typ := range types {
		var taken takenColumn
		for range 30 {
			whole := randomArray(random, typ, 50, random.IntN(2) == 0)
			from := random.IntN(20)
			a := array.NewSlice(whole, int64(from), int64(from+25))
			var rows []int32
			places := array.NewInt32Builder(memory.DefaultAllocator)
			for row := range int32(a.Len()) {
				if random.IntN(3) > 0 {
					rows = append(rows, row)
					places.Append(row)
				}
			}
			if len(rows) == 0 {
				continue
			}
			got, err := taken.take(a, rows)
			if err != nil {
				t.Fatalf("%s: %v", typ, err)
			}
			want, err := compute.TakeArray(context.Background(), a, places.NewArray())
			if err != nil {
				t.Fatal(err)
			}
			if !array.Equal(got, want) || got.NullN() != want.NullN() {
				t.Fatalf("%s: found %v, expected %v", typ, got, want)
			}
		}
	}
}

func TestCodesAreTakenWithTheirDictionary(t *testing.T) {
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
	b := array.NewDictionaryBuilder(memory.DefaultAllocator, typ).(*array.BinaryDictionaryBuilder)
	for i := range 10 {
		if i == 3 {
			b.AppendNull()
		} else if err := b.AppendString(fmt.Sprint("text ", i/2)); err != nil {
			t.Fatal(err)
		}
	}
	whole := b.NewArray()
	a := array.NewSlice(whole, 2, 10)
	got, err := new(takenColumn).take(a, []int32{0, 1, 4})
	if err != nil {
		t.Fatal(err)
	}
	d := got.(*array.Dictionary)
	if text := fmt.Sprint(got.ValueStr(0), ",", got.IsNull(1), ",", got.ValueStr(2)); text != "text 1,true,text 3" || d.Data().Dictionary() != a.Data().Dictionary() {
		t.Errorf("found %s, expected the texts with the same dictionary", text)
	}
}

// randomArray returns an array of random values.
func randomArray(random *rand.Rand, typ arrow.DataType, rows int, nulls bool) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	for range rows {
		switch b := b.(type) {
		case *array.StringBuilder:
			b.Append(fmt.Sprint(random.IntN(1000)))
		case *array.LargeStringBuilder:
			b.Append(fmt.Sprint(random.IntN(1000)))
		case *array.FixedSizeBinaryBuilder:
			b.Append([]byte(fmt.Sprintf("%012d", random.IntN(1000))))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(random.IntN(1000)))
		case *array.BooleanBuilder:
			b.Append(random.IntN(2) == 0)
		case *array.NullBuilder:
			b.AppendNull()
		default:
			if err := b.AppendValueFromString(fmt.Sprint(random.IntN(1000))); err != nil {
				panic(err)
			}
		}
		if nulls && random.IntN(4) == 0 {
			b.AppendNull()
		}
	}
	return b.NewArray()
}
