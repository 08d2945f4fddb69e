package trip

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
)

// forms returns a batch as it is, and the same batch with dictionary codes in all columns that may have them.
func forms(tb testing.TB, in element.Columns) map[string]element.Columns {
	tb.Helper()
	rows := in.Record.NumRows()
	schema := in.Record.Schema()
	fields, arrays := schema.Fields(), slices.Clone(in.Record.Columns())
	for i, a := range arrays {
		if _, fixed := a.DataType().(arrow.FixedWidthDataType); !fixed || a.DataType().ID() == arrow.FIXED_SIZE_BINARY {
			continue
		}
		// A dictionary of all values in the order of their last rows, backwards.
		places, codes := array.NewInt64Builder(memory.DefaultAllocator), array.NewUint16Builder(memory.DefaultAllocator)
		last := map[string]int{}
		for row := range int(rows) {
			if a.IsValid(row) {
				last[a.ValueStr(row)] = row
			}
		}
		code := map[string]uint16{}
		for row := int(rows) - 1; row >= 0; row-- {
			if text := a.ValueStr(row); a.IsValid(row) && last[text] == row {
				code[text] = uint16(places.Len())
				places.Append(int64(row))
			}
		}
		for row := range int(rows) {
			if a.IsNull(row) {
				codes.AppendNull()
				continue
			}
			codes.Append(code[a.ValueStr(row)])
		}
		dictionary, err := compute.TakeArray(context.Background(), a, places.NewArray())
		if err != nil {
			tb.Fatal(err)
		}
		fields[i].Type = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: a.DataType()}
		arrays[i] = array.NewDictionaryArray(fields[i].Type, codes.NewArray(), dictionary)
	}
	coded := in
	coded.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, rows)
	return map[string]element.Columns{"values": in, "codes": coded}
}

// coded returns a batch whose total_amount has codes of a dictionary, with indices of any type.
func coded(t *testing.T, dictionary arrow.Array, codes arrow.Array) element.Columns {
	t.Helper()
	in := yellow(t)(codes.Len())
	typ := &arrow.DictionaryType{IndexType: codes.DataType(), ValueType: dictionary.DataType()}
	fields := append(in.Record.Schema().Fields(), arrow.Field{Name: "total_amount", Type: typ, Nullable: true})
	in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), append(slices.Clone(in.Record.Columns()), array.NewDictionaryArray(typ, codes, dictionary)), int64(codes.Len()))
	return in
}

func doubles(values ...float64) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	return b.NewArray()
}

func codesOf(codes ...uint16) arrow.Array {
	b := array.NewUint16Builder(memory.DefaultAllocator)
	b.AppendValues(codes, nil)
	return b.NewArray()
}

func TestAValueOfADictionaryCountsOnlyWhereARowHasIt(t *testing.T) {
	for _, judged := range []bool{false, true} {
		fn := &fieldsFn{Options: with(Options{Judged: judged})}
		dictionary := doubles(1.5, 1e20, 2) // 1e20 cannot be represented
		b, err := fn.batch(coded(t, dictionary, codesOf(2, 0, 2)))
		if err != nil || !slices.Equal(b.Columns[Amount].Values, []int64{2_000_000, 1_500_000, 2_000_000}) || len(b.NotNumbers) != 0 {
			t.Errorf("judged %v: found %v, no numbers %v, %v", judged, b.Columns[Amount].Values, b.NotNumbers, err)
		}
		b, err = fn.batch(coded(t, dictionary, codesOf(0, 0, 1)))
		if judged && (err != nil || !slices.Equal(b.NotNumbers, []int32{2})) || !judged && (err == nil || !strings.Contains(err.Error(), "row 102: ")) {
			t.Errorf("judged %v: no numbers %v, %v, expected row 2", judged, b.NotNumbers, err)
		}
	}
}

func TestEachDictionaryIsAskedForItsOwnValues(t *testing.T) {
	fn := &fieldsFn{Options: with(Options{})}
	one, other := doubles(1, 2, 3), doubles(7, 8)
	ints := array.NewInt32Builder(memory.DefaultAllocator)
	ints.AppendValues([]int32{1, 0, 1}, nil)
	long := make([]float64, 1<<16+1)
	for i := range long {
		long[i] = float64(i)
	}
	wide := array.NewUint32Builder(memory.DefaultAllocator)
	wide.AppendValues([]uint32{1 << 16, 0, 5}, nil)
	for i, c := range []struct {
		in   element.Columns
		want []int64
	}{
		{coded(t, one, codesOf(2, 1, 0)), []int64{3, 2, 1}},
		{coded(t, other, codesOf(1, 0, 0)), []int64{8, 7, 7}},
		{yellow(t)(3, col{"total_amount", element.Float64, []string{"4", "5", "6"}}), []int64{4, 5, 6}},
		{coded(t, other, codesOf(0, 1, 1)), []int64{7, 8, 8}},
		{coded(t, one, ints.NewArray()), []int64{2, 1, 2}},
		{coded(t, doubles(long...), wide.NewArray()), []int64{1 << 16, 0, 5}},
		{coded(t, one, codesOf(0, 0, 2)), []int64{1, 1, 3}},
	} {
		b, err := fn.batch(c.in)
		if err != nil {
			t.Fatal(err)
		}
		for row, v := range b.Columns[Amount].Values {
			if v != c.want[row]*Unit {
				t.Errorf("batch %d: found %s, expected %d", i, fmt.Sprint(b.Columns[Amount].Values), c.want)
				break
			}
		}
	}
}
