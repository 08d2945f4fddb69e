package trip

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestDecimalsAreReadExactly(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "12.35": 12_350_000, "-7.1": -7_100_000, "+3": 3_000_000, ".5": 500_000, "-.5": -500_000, "5.": 5_000_000,
		"0.0000005": 1, "0.0000004999999": 0, "-0.0000005": -1, "1.23456789": 1_234_568, "100000000": 100_000_000_000_000,
		"1e2": 100_000_000, "-2.5E+1": -25_000_000, "5e-7": 1, "49e-8": 0, "-5e-7": -1, "1.2345678e3": 1_234_567_800, "0e999999999999999999999": 0, "1e-999999999999": 0,
		"007": 7_000_000, "000000000000000000000000000000001.5": 1_500_000, "9000000000000": maxWide * Unit, "-9000000000000.0000000": -maxWide * Unit,
		"0.000000000000000000000000000000000001e42": 1_000_000_000_000,
	} {
		if got, is := readDecimal(in); got != want || is != decimalNumber {
			t.Errorf("readDecimal(%q) = %d, %v, expected %d", in, got, is, want)
		}
	}
	for _, in := range []string{"9000000000000.0000005", "9000000000001", "99999999999999999999999", "-1e13", "1e999999999999", "123456789012345678901234567890"} {
		if got, is := readDecimal(in); is != tooLarge {
			t.Errorf("readDecimal(%q) = %d, %v, expected it to be too large", in, got, is)
		}
	}
	for _, in := range []string{
		"", "-", "+", ".", "-.", "abc", "1.2.3", "--1", " 1", "1 ", "1e", "1e+", "e5", ".e5", "1e5.5", "1e5e5", "5,5", "1,000", "$5", "١",
		"1_000", "0x1p4", "0X10", "0b11", "0o17", "inf", "+Inf", "infinity", "nan", "NaN",
	} {
		if got, is := readDecimal(in); is != noNumeral {
			t.Errorf("readDecimal(%q) = %d, %v, expected no number", in, got, is)
		}
	}
}

// slowDecimal computes the result of readDecimal in rational arithmetic.
func slowDecimal(s string) (int64, numeral) {
	digits := false
	for i := range len(s) {
		c := s[i]
		if digits = digits || c >= '0' && c <= '9'; !strings.ContainsRune("0123456789.+-eE", rune(c)) {
			return 0, noNumeral
		}
	}
	if at := strings.IndexAny(s, "eE"); at >= 0 { // math/big takes a long time for large exponents
		e, err := strconv.Atoi(s[at+1:])
		if err != nil || e > 1000 || e < -1000 {
			return 0, noNumeral
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !digits {
		return 0, noNumeral
	}
	negative := r.Sign() < 0
	r.Abs(r)
	r.Mul(r, big.NewRat(2*Unit, 1))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	n.Add(n, big.NewInt(1)).Rsh(n, 1)
	if n.Cmp(big.NewInt(maxWide*Unit)) > 0 {
		return 0, tooLarge
	}
	if negative {
		n.Neg(n)
	}
	return n.Int64(), decimalNumber
}

func TestDecimalsAreThoseOfRationalArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 7))
	for range 300_000 {
		b := make([]byte, 1+rng.IntN(24))
		for i := range b {
			b[i] = "0123456789012345678901234567890000055559999.-+e"[rng.IntN(47)]
		}
		s := string(b)
		if at := strings.IndexByte(s, 'e'); at >= 0 && len(s) > at+4 {
			s = s[:at+4] // slowDecimal needs a short exponent
		}
		got, is := readDecimal(s)
		if want, wantIs := slowDecimal(s); got != want || is != wantIs {
			t.Fatalf("readDecimal(%q) = %d, %v, expected %d, %v", s, got, is, want, wantIs)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"12.35", "-0.0000005", "1e5", ".", "99999999.9999999", "0x1p-2", "1_000", "-1.5e-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, is := readDecimal(s)
		if at := strings.IndexAny(s, "eE"); at >= 0 {
			if e, err := strconv.Atoi(s[at+1:]); err != nil || e > 1000 || e < -1000 {
				return // slowDecimal cannot read it
			}
		}
		if want, wantIs := slowDecimal(s); got != want || is != wantIs {
			t.Errorf("readDecimal(%q) = %d, %v, expected %d, %v", s, got, is, want, wantIs)
		}
	})
}

func BenchmarkTextDecimal(b *testing.B) {
	in := make([]string, 1<<12)
	for i := range in {
		in[i] = strconv.FormatFloat(float64(i%9000)/100, 'f', -1, 64)
	}
	n := int64(0)
	for b.Loop() {
		for _, s := range in {
			x, _ := readDecimal(s)
			n += x
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(in)), "ns/number")
}
