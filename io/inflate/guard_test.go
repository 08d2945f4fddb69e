package inflate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/klauspost/compress/flate"

	"tripstats/testdata/guard"
)

// edges returns n bytes at the start and n bytes at the end of guarded memory.
func edges(memory []byte, n int) [2][]byte {
	return [2][]byte{memory[:n:n], memory[len(memory)-n:]}
}

// guarded has memory for pages, and the current case.
type guarded struct {
	t          *testing.T
	srcs, dsts [3][]byte // of three pages
	d          Decoder
	p          Pair
	where      string
}

func newGuarded(t *testing.T, size int) *guarded {
	t.Helper()
	g := &guarded{t: t}
	for i := range g.srcs {
		g.srcs[i], g.dsts[i] = guard.Pages(t, 2*size), guard.Pages(t, size)
	}
	return g
}

// page inflates src into n bytes at both edges of the memory: alone, together with one good page, and together with two good pages, in each place
// among them. It calls check with each result.
func (g *guarded) page(n int, src, good []byte, goodSize int, check func(dst []byte, err error)) {
	for e := range 2 {
		in, out := edges(g.srcs[0], len(src))[e], edges(g.dsts[0], n)[e]
		in2, out2 := edges(g.srcs[1], len(good))[1-e], edges(g.dsts[1], goodSize)[1-e]
		copy(in, src)
		copy(in2, good)
		clear(out)
		check(out, g.d.Page(out, in))
		clear(out)
		check(out, g.p.Pages([][]byte{out, out2}, [][]byte{in, in2}))
		clear(out)
		check(out, g.p.Pages([][]byte{out2, out}, [][]byte{in2, in}))
		in3, out3 := edges(g.srcs[2], len(good))[e], edges(g.dsts[2], goodSize)[e]
		copy(in3, good)
		for place := range 3 {
			dst, src := [3][]byte{out2, out3, out}, [3][]byte{in2, in3, in}
			dst[place], dst[2], src[place], src[2] = dst[2], dst[place], src[2], src[place]
			clear(out)
			check(out, g.p.Pages(dst[:], src[:]))
		}
	}
}

// faults turns a memory fault into an error of the current case.
func (g *guarded) faults() {
	if r := recover(); r != nil {
		g.t.Errorf("%s: %v\n%s", g.where, r, debug.Stack())
	}
}

// TestNothingBesideThePagesIsTouched inflates pages between memory that faults when it is touched: whole pages, pages that are cut
// off or damaged, and pages for which there is too little memory. The loops read and write eight bytes at a time without Go's checks.
func TestNothingBesideThePagesIsTouched(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	const size = 70_000
	g := newGuarded(t, size)
	defer g.faults()
	for _, n := range []int{0, 1, 9, 259, 5000, size} {
		pages := contents(n)
		for _, name := range slices.Sorted(maps.Keys(pages)) {
			want := pages[name]
			for _, level := range levels {
				good := compressed(t, level, want)
				at := fmt.Sprintf("%s of %d bytes at level %d", name, n, level)
				g.where = at
				g.page(n, good, good, n, func(dst []byte, err error) {
					if err != nil || !bytes.Equal(dst, want) {
						t.Fatalf("%s: error %v, or other bytes", g.where, err)
					}
				})
				// Half the memory and less, so that the input has bytes left when the output is full.
				for short := 1; short <= min(n/2, longestMatch+wordSlack); short += 7 {
					g.where = fmt.Sprintf("%s in %d", at, n/2-short)
					g.page(n/2-short, good, good, n, func(_ []byte, err error) {
						if !errors.Is(err, ErrTooLong) {
							t.Fatalf("%s: error %v, expected %v", g.where, err, ErrTooLong)
						}
					})
				}
				if n > 5000 { // a cut is like one of a shorter page, and the first half of each takes time
					continue
				}
				for cut := 1; cut <= min(len(good), 48); cut++ {
					g.where = fmt.Sprintf("%s without the last %d of %d", at, cut, len(good))
					g.page(n, good[:len(good)-cut], good, n, func(_ []byte, err error) {
						if err == nil {
							t.Fatalf("%s: passed", g.where)
						}
					})
				}
				for bit := 80; bit < 8*len(good); bit += 1 + len(good)/4 { // beyond the header
					damaged := bytes.Clone(good)
					damaged[bit/8] ^= 1 << (bit % 8)
					g.where = fmt.Sprintf("%s with bit %d the other way", at, bit)
					g.page(n, damaged, good, n, func(dst []byte, err error) {
						if err == nil && !bytes.Equal(dst, want) {
							t.Fatalf("%s: passed with other bytes", g.where)
						}
					})
				}
			}
		}
	}
}

// TestTheLongestRoundEndsWithinThePage has rounds of the fast loop that write the most bytes: three literals and a match of 258 bytes,
// copied in words. A round may begin only if the page has room for all of it.
func TestTheLongestRoundEndsWithinThePage(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	const rounds, literals, distance = 40, 3, 16
	r := rand.New(rand.NewPCG(1, 2))
	want := make([]byte, 0, distance+rounds*(literals+longestMatch))
	for range distance {
		want = append(want, byte(r.Uint32()))
	}
	for range rounds {
		for range literals {
			want = append(want, byte(r.Uint32()))
		}
		for range longestMatch {
			want = append(want, want[len(want)-distance])
		}
	}
	g := newGuarded(t, len(want))
	defer g.faults()
	good := compressed(t, flate.BestCompression, want)
	for n := len(want) / 2; n < len(want)/2+2*(literals+longestMatch); n++ {
		g.where = fmt.Sprintf("%d of %d bytes", n, len(want))
		g.page(n, good, good, len(want), func(_ []byte, err error) {
			if !errors.Is(err, ErrTooLong) {
				t.Fatalf("%s: error %v, expected %v", g.where, err, ErrTooLong)
			}
		})
	}
}
