package query

import (
	"errors"
	"math"
	"math/big"
)

// Same tells whether two expressions are the same but for their places in the text. Both may be nil.
func (e *Expr) Same(o *Expr) bool { return same(e, o) }

// Exact returns a value of an exact type, which is not NULL, as a whole number of its last digit. The caller must not change it.
func (t Type) Exact(v Value) *big.Int { return toBig(t, v) }

// FromExact is the opposite of Exact. It fails if the type cannot have the value.
func (t Type) FromExact(b *big.Int) (Value, error) { return fromBig(t, b) }

// Convert casts a value.
func (t Type) Convert(to Type, v Value) (Value, error) { return convert(t, to, v) }

// Power returns 10^n. The caller must not change it.
func Power(n int) *big.Int { return powersOfTen[n] }

// Between returns the value at a place between two values of type t that are next to each other, as quantile_cont does: part is 0 to 1.
func (t Type) Between(to Type, low, high Value, part float64) (Value, error) {
	if part == 0 {
		return convert(t, to, low)
	}
	if to.Kind != Decimal {
		a, err := convert(t, to, low)
		b, err2 := convert(t, to, high)
		if to.Kind == Double {
			return floatValue(math.FMA(a.Float, 1-part, b.Float*part)), errors.Join(err, err2)
		}
		return intValue(int64(math.Round(math.FMA(float64(a.Int), 1-part, float64(b.Int)*part)))), errors.Join(err, err2)
	}
	if to.Width <= 18 { // DuckDB has these as doubles meanwhile
		a, _ := new(big.Float).SetInt(low.Big).Float64()
		b, _ := new(big.Float).SetInt(high.Big).Float64()
		whole, _ := big.NewFloat(math.FMA(a, 1-part, b*part)).Int(nil)
		return bigValue(whole), nil
	}
	d := new(big.Float).SetPrec(53).SetInt(new(big.Int).Sub(high.Big, low.Big)) // a product of doubles
	whole, _ := d.Mul(d, big.NewFloat(part)).Int(nil)
	return bigValue(whole.Add(whole, low.Big)), nil
}
