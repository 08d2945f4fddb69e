package inflate

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"tripstats/testdata/guard"
)

// edges places n bytes of guarded memory at its start and at its end.
func edges(memory []byte, n int) [2][]byte {
	return [2][]byte{memory[:n:n], memory[len(memory)-n:]}
}

// TestNothingBesideThePagesIsTouched inflates pages between memory that faults, whole, cut off and damaged: the loops read and
// write eight bytes at a time without Go's checks.
func TestNothingBesideThePagesIsTouched(t *testing.T) {
	const size = 70_000
	r := rand.New(rand.NewPCG(1, 2))
	var srcs, dsts [2][]byte // memory for those of two pages
	for i := range srcs {
		srcs[i], dsts[i] = guard.Pages(t, 2*size), guard.Pages(t, size)
	}
	var d Decoder
	var p Pair
	for _, n := range []int{0, 1, 9, 259, 5000, size} {
		for name, want := range contents(n) {
			for _, level := range levels {
				good := compressed(t, level, want)
				for short := 1; short <= min(n/2, longestMatch+wordSlack); short += 1 + r.IntN(9) {
					// Half, so that the input has bytes left where the output has none.
					for _, dst := range edges(dsts[0], n/2-short) {
						src := edges(srcs[0], len(good))[1]
						copy(src, good)
						err, errs := d.Page(dst, src), p.Pages(dst, src, dst, src)
						if !errors.Is(err, ErrTooLong) || !errors.Is(errs, ErrTooLong) {
							t.Fatalf("%s of %d bytes at level %d in %d: %v alone, %v for two", name, n, level, len(dst), err, errs)
						}
					}
				}
				forms := map[string][]byte{"whole": good}
				for range 3 {
					cut := good[:r.IntN(len(good))]
					damaged := bytes.Clone(good)
					damaged[r.IntN(len(damaged))] ^= 1 << r.IntN(8)
					forms[fmt.Sprintf("cut to %d", len(cut))], forms[fmt.Sprintf("damaged, %x", r.Uint32())] = cut, damaged
				}
				for form, bytesOf := range forms {
					for e := range 2 {
						src, dst := edges(srcs[0], len(bytesOf))[e], edges(dsts[0], n)[e]
						src2, dst2 := edges(srcs[1], len(good))[1-e], edges(dsts[1], n)[1-e]
						copy(src, bytesOf)
						copy(src2, good)
						where := fmt.Sprintf("%s of %d bytes at level %d, %s, at edge %d", name, n, level, form, e)
						err, errs := d.Page(dst, src), p.Pages(dst, src, dst2, src2)
						swapped := p.Pages(dst2, src2, dst, src)
						if (err == nil) != (errs == nil) || (err == nil) != (swapped == nil) {
							t.Fatalf("%s: error %v alone, %v and %v beside a page that is good", where, err, errs, swapped)
						}
						if form == "whole" && (err != nil || !bytes.Equal(dst, want) || !bytes.Equal(dst2, want)) {
							t.Fatalf("%s: error %v, or other bytes", where, err)
						}
					}
				}
			}
		}
	}
}
