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
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// decimalArray makes an array of values in the unit of the type; nil is null.
func decimalArray(typ arrow.DataType, values ...*big.Int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	for _, v := range values {
		if v == nil {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.Decimal128Builder:
			b.Append(decimal128.FromBigInt(v))
		case *array.Decimal256Builder:
			b.Append(decimal256.FromBigInt(v))
		}
	}
	return b.NewArray()
}

// slowMicros computes the result of decimals.micros in rational arithmetic.
func slowMicros(v *big.Int, scale int32) (int64, bool) {
	r := new(big.Rat).SetFrac(new(big.Int).Abs(v), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	r.Mul(r, big.NewRat(2*Unit, 1))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	n.Add(n, big.NewInt(1)).Rsh(n, 1)
	if n.Cmp(big.NewInt(maxWide*Unit)) > 0 {
		return 0, false
	}
	if v.Sign() < 0 {
		n.Neg(n)
	}
	return n.Int64(), true
}

// TestDecimalsAreExact compares all scales with rational arithmetic, also next to ties and limits.
func TestDecimalsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for scale := range int32(77) {
		types := []arrow.DataType{&arrow.Decimal256Type{Precision: 76, Scale: scale}}
		if scale <= 38 {
			types = append(types, &arrow.Decimal128Type{Precision: 38, Scale: scale})
		}
		for _, typ := range types {
			digits := int(typ.(arrow.DecimalType).GetPrecision())
			var values []*big.Int
			for range 500 {
				v := new(big.Int)
				for range 1 + rng.IntN(digits-1) {
					v.Mul(v, big.NewInt(10)).Add(v, big.NewInt([]int64{0, 5, 9, rng.Int64N(10)}[rng.IntN(4)]))
				}
				if rng.IntN(2) == 0 {
					v.Neg(v)
				}
				values = append(values, v)
			}
			half := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(0, scale-6))), nil)
			half.Rsh(half, 1)
			for _, near := range []int64{-1, 0, 1} {
				values = append(values, new(big.Int).Add(half, big.NewInt(near)), new(big.Int).Neg(new(big.Int).Add(half, big.NewInt(near))))
			}
			d := decimalsOf(decimalArray(typ, values...))
			for i, v := range values {
				got, ok := d.micros(i)
				want, wantOK := slowMicros(v, scale)
				if ok != wantOK || ok && got != want {
					t.Fatalf("%s: %v is %d, %v, expected %d, %v", typ, v, got, ok, want, wantOK)
				}
				whole, rest := new(big.Int).QuoRem(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil), new(big.Int))
				if n, is := d.whole(i); is != (rest.Sign() == 0 && whole.IsInt64()) || is && n != whole.Int64() {
					t.Fatalf("%s: %v is the whole number %d, %v, expected %v and the rest %v", typ, v, n, is, whole, rest)
				}
			}
		}
	}
}

func FuzzDecimals(f *testing.F) {
	f.Add("1235", uint8(2), false)
	f.Add("-5000000000000000", uint8(22), true)
	f.Fuzz(func(t *testing.T, digits string, scale uint8, wide bool) {
		v, ok := new(big.Int).SetString(digits, 10)
		var typ arrow.DataType = &arrow.Decimal128Type{Precision: 38, Scale: int32(scale % 39)}
		if wide {
			typ = &arrow.Decimal256Type{Precision: 76, Scale: int32(scale % 77)}
		}
		if !ok || v.BitLen() > 120 {
			return
		}
		got, fits := decimalsOf(decimalArray(typ, v)).micros(0)
		want, wantFits := slowMicros(v, typ.(arrow.DecimalType).GetScale())
		if fits != wantFits || fits && got != want {
			t.Errorf("%s: %v is %d, %v, expected %d, %v", typ, v, got, fits, want, wantFits)
		}
	})
}

func decimalCol(name string, typ arrow.DataType, values ...int64) (arrow.Field, arrow.Array) {
	ints := make([]*big.Int, len(values))
	for i, v := range values {
		if v != null {
			ints[i] = big.NewInt(v)
		}
	}
	return arrow.Field{Name: name, Type: typ, Nullable: true}, decimalArray(typ, ints...)
}

const null = -1 << 62

// TestDecimalsAreValuesOfAnyColumn reads amounts, zones and codes from decimals.
func TestDecimalsAreValuesOfAnyColumn(t *testing.T) {
	money, wide := &arrow.Decimal128Type{Precision: 20, Scale: 2}, &arrow.Decimal256Type{Precision: 50, Scale: 3}
	batch := func(amount, zone [4]int64) element.Columns {
		in := yellow(t)(4)
		fields, arrays := in.Record.Schema().Fields(), slices.Clone(in.Record.Columns())
		for _, c := range []struct {
			name   string
			typ    arrow.DataType
			values [4]int64
		}{{"total_amount", money, amount}, {"PULocationID", wide, zone}} {
			f, a := decimalCol(c.name, c.typ, c.values[:]...)
			if i := slices.IndexFunc(fields, func(f arrow.Field) bool { return f.Name == c.name }); i >= 0 {
				fields[i], arrays[i] = f, a
			} else {
				fields, arrays = append(fields, f), append(arrays, a)
			}
		}
		in.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, 4)
		return in
	}
	good := batch([4]int64{1235, -50, null, 0}, [4]int64{132000, 7000, null, 265000})
	bad := batch([4]int64{1235, 20_000_000_000, 900_000_000_000_001, 0}, [4]int64{132000, 7500, 5_000_000_000_000, 1000})
	for form, in := range forms(t, good) {
		b, err := (&fieldsFn{Options: with(Options{})}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(b.Columns[Amount].Values, b.Columns[Amount].Nulls, b.Columns[PickupZone].Values, b.Columns[PickupZone].Nulls), "[12350000 -500000 0 0] 1 [132 7 0 265] 1"; got != want {
			t.Errorf("%s: found %s, expected %s", form, got, want)
		}
	}
	for form, in := range forms(t, bad) {
		b, err := (&fieldsFn{Options: with(Options{Judged: true})}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(b.Columns[Amount].Values, b.Columns[Amount].Nulls, b.Columns[PickupZone].Values, b.NotNumbers), "[12350000 200000000000000 0 0] 1 [132 0 0 1] [2]"; got != want {
			t.Errorf("%s, judged: found %s, expected %s", form, got, want)
		}
		_, err = (&fieldsFn{Options: with(Options{})}).batch(in)
		if f := fault.Find(err); f == nil || !strings.Contains(f.Message, `row 101: column "PULocationID": found 7.5, expected a whole number`) {
			t.Errorf("%s: found %v, expected the place of a zone that is not whole", form, err)
		}
	}
	if got := decimalCodes(decimalArray(money, big.NewInt(100), big.NewInt(150), nil), make([]int64, 3)); got[0] != 1 || got[1] != noCode || got[2] == noCode {
		t.Errorf("found codes %v, expected 1, none, null", got)
	}
}

func BenchmarkDecimals(b *testing.B) {
	values := make([]*big.Int, 16<<10)
	for i := range values {
		values[i] = big.NewInt(int64(i % 9000))
	}
	a := decimalArray(&arrow.Decimal128Type{Precision: 10, Scale: 2}, values...)
	dst := make([]int64, len(values))
	fn := &fieldsFn{}
	for b.Loop() {
		fn.decimalMeasures(a, dst)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/value")
}
