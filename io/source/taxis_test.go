package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
)

var bothTaxis = element.Telling{Values: []element.TaxiValue{{Value: "yellow", Taxi: "yellow"}, {Value: "green", Taxi: "green"}}}

func TestSharesAreByTaxi(t *testing.T) {
	for _, c := range []struct {
		found values
		want  string // the shares, or what the error says
	}{
		{values{rows: map[string]int64{"yellow": 3}}, "[{yellow [yellow] 3 false false}]"},
		{values{rows: map[string]int64{"yellow": 3, "Green": 1, "green": 2, "YELLOW": 4}}, "[{green [Green green] 3 false false} {yellow [YELLOW yellow] 7 false false}]"},
		{values{}, "[]"},
		{values{rows: map[string]int64{"yellow": 3, "blue": 1}}, `found "blue" in 1 row, expected in each row the taxi whose trip it is: yellow, green; `},
		{values{rows: map[string]int64{"yellow": 3, "": 2}, nulls: 5}, `found "" in 2 rows, null in 5 rows, expected`},
		{values{rows: map[string]int64{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}, more: 9}, `"e" in 1 row, 2 more values, other values in 9 rows, expected`},
		{values{rows: map[string]int64{strings.Repeat("long", 20): 1}}, `longlong..." in 1 row`},
	} {
		shares, err := sharesOf(&c.found, bothTaxis)
		got := fmt.Sprint(shares)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%+v: found %s, expected %s", c.found, got, c.want)
		}
	}
}

func TestValuesAreCountedInEachForm(t *testing.T) {
	const want = "map[:2 green:2 yellow:3] 2 0"
	words := []string{"yellow", "yellow", "-", "green", "", "", "yellow", "-", "green"}
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
	codes := array.NewDictionaryBuilder(memory.DefaultAllocator, typ).(*array.BinaryDictionaryBuilder)
	if err := codes.AppendString("in no row"); err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if w == "-" {
			texts.AppendNull()
			codes.AppendNull()
			continue
		}
		texts.Append(w)
		if err := codes.AppendString(w); err != nil {
			t.Fatal(err)
		}
	}
	plain, coded := &values{rows: map[string]int64{}}, &values{rows: map[string]int64{}}
	plain.addTexts(texts.NewArray().(*array.String))
	if err := coded.addCodes(array.NewSlice(codes.NewArray(), 1, int64(len(words)+1)).(*array.Dictionary)); err != nil {
		t.Fatal(err)
	}
	for form, v := range map[string]*values{"texts": plain, "codes": coded} {
		if got := fmt.Sprint(v.rows, " ", v.nulls, " ", v.more); got != want {
			t.Errorf("%s: found %s, expected %s", form, got, want)
		}
	}
}

func TestAColumnOfManyValuesTakesLittleMemory(t *testing.T) {
	v := &values{rows: map[string]int64{}}
	for i := range 10 * mostValues {
		v.add(fmt.Sprint(i), 2)
	}
	if len(v.rows) != mostValues || v.more != 2*9*mostValues {
		t.Errorf("found %d values and %d other rows", len(v.rows), v.more)
	}
}
