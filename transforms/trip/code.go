package trip

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/eights"
)

// noCode stands for a value that is not a code, until that becomes null.
const noCode = math.MinInt64

// FlagTexts are the texts of a column of type [Flag], by value.
var FlagTexts = [...]string{"N", "Y"}

// flags has the values of a column of type [Flag], by text.
var flags = map[string]int64{FlagTexts[0]: 0, FlagTexts[1]: 1}

// codeColumn converts codes and flags. Whole numbers stay as they are, texts are translated by codes, and all else becomes noCode.
func (fn *fieldsFn) codeColumn(a arrow.Array, codes map[string]int64, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Int64:
		copy(dst, a.Int64Values()) // the array's memory must not be written to
		return dst, nil
	case *array.Int32:
		return widen(dst, a.Int32Values()), nil
	case *array.Uint32:
		for i, v := range a.Uint32Values() {
			dst[i] = int64(v)
		}
		return dst, nil
	case *array.Uint64:
		for i, v := range a.Uint64Values() {
			if dst[i] = int64(v); v > math.MaxInt64 {
				dst[i] = noCode
			}
		}
		return dst, nil
	case *array.Float64:
		for i, v := range a.Float64Values() {
			dst[i] = codeOf(v)
		}
		return dst, nil
	case *array.Float32:
		for i, v := range a.Float32Values() {
			dst[i] = codeOf(float64(v))
		}
		return dst, nil
	case *array.String:
		fn.textCodes(a, codes, dst)
		return dst, nil
	case *array.Decimal128, *array.Decimal256:
		return decimalCodes(a, dst), nil
	}
	return dst, nil // of the null type
}

// codeOf converts a floating-point number to a code. It must be whole: files store codes as floating-point numbers in columns with
// nulls.
func codeOf(v float64) int64 {
	if v != math.Trunc(v) || math.Abs(v) > 1<<53 { // NaN and infinities too
		return noCode
	}
	return int64(v)
}

// dropNoCodes makes the rows with noCode null. It returns the memory that it used for the bitmap.
func dropNoCodes(c *Column, memory []byte) []byte {
	if eights.Least(0, c.Values) != noCode { // noCode is the smallest int64
		return memory
	}
	var rows []int32
	for i, v := range c.Values {
		if v == noCode {
			rows = append(rows, int32(i))
		}
	}
	return makeNull(c, rows, memory)
}
