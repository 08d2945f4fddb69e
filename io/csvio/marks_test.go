package csvio

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/testdata/guard"
)

// TestMarksAreWhereCommasAndLineEndsAre compares the passes with and without AVX2 with a loop over the bytes, at the end of memory.
func TestMarksAreWhereCommasAndLineEndsAre(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const signs = ",,\n\"ab,\x00\xff\x2d\x0b\x23\xac\x8a\xa2"
	for _, blocks := range []int{1, 2, 3, 17} {
		for round := range 20 {
			text := guard.AtEnd[byte](t, blocks*marked)
			out, slow := guard.AtEnd[uint64](t, 2*blocks), make([]uint64, 2*blocks)
			wantQuotes := false
			for i := range text {
				text[i] = signs[r.IntN(len(signs))]
				if round%2 == 0 && text[i] == '"' {
					text[i] = 'q'
				}
				wantQuotes = wantQuotes || text[i] == '"'
			}
			quotes := maskMany(text, out)
			if quotes != wantQuotes || mask(text, slow) != wantQuotes || !slices.Equal(out, slow) {
				t.Fatalf("%q: found %x, quotes %v, in Go %x; expected the same and quotes %v", text, out, quotes, slow, wantQuotes)
			}
			for i, c := range text {
				both, end := out[i/64*2]>>(i%64)&1 == 1, out[i/64*2+1]>>(i%64)&1 == 1
				if both != (c == ',' || c == '\n') || end != (c == '\n') {
					t.Fatalf("byte %d is %q: found mark %v, end %v", i, c, both, end)
				}
			}
			n := len(text) - r.IntN(marked)
			var m marks
			m.of(text[:n])
			at := []int32{-1}
			var ends []int32
			for i, c := range text[:n] {
				if c == '\n' {
					ends = append(ends, int32(len(at)))
				}
				if c == ',' || c == '\n' {
					at = append(at, int32(i))
				}
			}
			if !slices.Equal(m.at[:len(at)], at) || !slices.Equal(m.ends, ends) {
				t.Fatalf("%q: found marks %v, ends %v, expected %v, %v", text[:n], m.at[:len(at)], m.ends, at, ends)
			}
		}
	}
}
