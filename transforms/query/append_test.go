package query

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// edges returns whole numbers at which the number of digits changes, and a few others.
func edges() (list []int64) {
	rng := rand.New(rand.NewPCG(3, 4))
	for power := int64(1); power > 0 && power <= 1e18; power *= 10 {
		for _, v := range []int64{power - 1, power, power + 1, 5 * power, rng.Int64N(power * 9)} {
			list = append(list, v, -v)
		}
	}
	return append(list, 0, math.MaxInt64, math.MinInt64)
}

// A decimal of 64 bits is written without big numbers. It must have the same digits as with big numbers.
func TestADecimalOf64BitsIsWrittenAsOneOfAnySize(t *testing.T) {
	for _, typ := range []Type{decimalType(18, 0), decimalType(18, 2), decimalType(18, 18), decimalType(38, 6), decimalType(38, 38), decimalType(3, 3)} {
		for _, v := range edges() {
			want := formatDecimal(big.NewInt(v), typ.Scale)
			if typ.Width == typ.Scale {
				if strings.TrimPrefix(want, "-")[0] != '0' {
					continue // the type cannot have it
				}
				want = strings.Replace(want, "0.", ".", 1)
			}
			if found := typ.Format(bigValue(big.NewInt(v))); found != want {
				t.Errorf("%s of %d: found %s, expected %s", typ, v, found, want)
			}
		}
	}
}

// The shortest digits of a double decide whether it is written with an exponent.
func TestADoubleHasAnExponentBeyondSixteenDigits(t *testing.T) {
	list := []float64{0, math.Copysign(0, -1), 0.1, 1e-4, math.Nextafter(1e-4, 0), 1e15, 1e15 - 1, 1e15 + 1, 1e16, math.Nextafter(1e16, 0), 1 << 53, 1<<53 - 1, math.MaxFloat64, math.SmallestNonzeroFloat64}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		list = append(list, math.Float64frombits(rng.Uint64()), math.Exp(rng.Float64()*90-20), float64(rng.Int64N(1<<54)), math.Round(rng.Float64()*1e6)/100)
	}
	for _, f := range list {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		for _, f := range []float64{f, -f} {
			want := strconv.FormatFloat(f, 'e', -1, 64)
			if exponent, _ := strconv.Atoi(want[strings.IndexByte(want, 'e')+1:]); exponent >= -4 && exponent < 16 {
				if want = strconv.FormatFloat(f, 'f', -1, 64); !strings.Contains(want, ".") {
					want += ".0"
				}
			}
			if found := formatFloat(f); found != want {
				t.Errorf("found %s, expected %s", found, want)
			}
		}
	}
}

func TestDatesAndTimestampsHaveLeadingZeros(t *testing.T) {
	for _, days := range []int64{0, -1, 19_000, -719_162, -719_163, 2_932_896, 2_932_897, maxDay, minDay} {
		c := civilOf(days)
		want := fmt.Sprintf("%04d-%02d-%02d", c.year, c.month, c.day)
		if c.year < 1 {
			want = fmt.Sprintf("%04d-%02d-%02d (BC)", 1-c.year, c.month, c.day)
		}
		if found := date.Format(intValue(days)); found != want {
			t.Errorf("found %s, expected %s", found, want)
		}
	}
	for micros, want := range map[int64]string{
		0: "1970-01-01 00:00:00", 3_723_000_000: "1970-01-01 01:02:03", 3_723_000_120: "1970-01-01 01:02:03.00012", -1: "1969-12-31 23:59:59.999999", 500_000: "1970-01-01 00:00:00.5",
	} {
		if found := moment.Format(intValue(micros)); found != want {
			t.Errorf("found %s, expected %s", found, want)
		}
	}
}
