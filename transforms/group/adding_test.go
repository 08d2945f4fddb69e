package group

import (
	"math/rand/v2"
	"testing"
)

func TestBitsOfMasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		n := 1 + rng.IntN(400)
		mask, zeros := make([]byte, (n+7)/8), 0
		for i := range mask {
			mask[i] = 0xff
		}
		if rng.IntN(2) == 0 { // what is beyond the last row has no meaning
			mask[len(mask)-1] &= 1<<((n-1)%8+1) - 1
		}
		for range rng.IntN(6) {
			i := rng.IntN(n)
			if mask[i/8]>>(i%8)&1 == 1 {
				mask[i/8] &^= 1 << (i % 8)
				zeros++
			}
		}
		if found := ones(mask, n); found != n-zeros {
			t.Fatalf("%b, %d rows: found %d, expected %d", mask, n, found, n-zeros)
		}
		for from := range n {
			for bit := range byte(2) {
				want := from
				for want < n && mask[want/8]>>(want%8)&1 != bit {
					want++
				}
				if found := nextBit(mask, bit, from, n); found != want {
					t.Fatalf("%b, %d rows, a %d from %d: found %d, expected %d", mask, n, bit, from, found, want)
				}
			}
		}
	}
}
