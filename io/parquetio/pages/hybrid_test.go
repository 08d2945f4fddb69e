package pages

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/testdata/guard"
)

// packed returns bit-packed indices, after some bits that belong to none of them, and before slack.
func packed(indices []uint64, width uint, skip int) []byte {
	data := make([]byte, (skip+len(indices)*int(width)+7)/8+slack)
	for i, x := range indices {
		for b := range int(width) {
			if at := skip + i*int(width) + b; x>>b&1 == 1 {
				data[at>>3] |= 1 << (at & 7)
			}
		}
	}
	return data
}

func TestIndicesOfEveryWidthAreUnpackedFromEveryBitOn(t *testing.T) {
	testIndices(t)
	withoutAVX2(func() { testIndices(t) })
}

// testIndices has indices and data that end where guarded memory begins.
func testIndices(t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	bytes, codes := guard.AtEnd[byte](t, 5000), guard.AtEnd[uint16](t, 1008)
	atEnd := func(data []byte) []byte {
		at := bytes[len(bytes)-len(data):]
		copy(at, data)
		return at
	}
	for width := uint(1); width <= 32; width++ {
		for _, rows := range []int{1, 7, 8, 9, 24, 31, 100, 1000} {
			for _, skip := range []int{0, 8, 40, int(width), 3 * int(width), 7 * int(width)} {
				indices := make([]uint64, rows)
				largest := uint64(0)
				for i := range indices {
					indices[i] = r.Uint64N(min(uint64(1)<<width, MaxCodes))
					largest = max(largest, indices[i])
				}
				where := fmt.Sprintf("%d indices of %d bits from bit %d on", rows, width, skip)
				data := atEnd(packed(indices, width, skip))
				got := codes[len(codes)-rows-8:]
				clear(got)
				if !unpackRun(got[:rows], data, skip, width, largest+1) {
					t.Fatalf("%s: refused with a dictionary of %d", where, largest+1)
				}
				for i, x := range indices {
					if uint64(got[i]) != x {
						t.Fatalf("%s: found %d at %d, expected %d", where, got[i], i, x)
					}
				}
				if slices.Max(got[rows:]) != 0 {
					t.Fatalf("%s: wrote beyond them", where)
				}
				got = codes[len(codes)-rows:]
				if unpackRun(got, data, skip, width, largest) {
					t.Fatalf("%s: passed with a dictionary of %d", where, largest)
				}
				// An index that is too large must be found wherever it is.
				if at := r.IntN(rows); width <= 16 {
					limit := uint64(1)<<width - 1
					for i := range indices {
						indices[i] %= max(limit, 1)
					}
					indices[at] = limit
					if unpackRun(got, atEnd(packed(indices, width, skip)), skip, width, limit) {
						t.Fatalf("%s: index %d passed at %d", where, limit, at)
					}
				}
			}
		}
	}
}

func TestIndicesOfMoreBitsThanACodeHasAreNotCutShort(t *testing.T) {
	for _, x := range []uint64{1 << 16, 1<<16 + 1, 1<<31 + 1} {
		indices := slices.Repeat([]uint64{1}, 20)
		indices[11] = x
		if unpackRun(make([]uint16, 20), packed(indices, 32, 0), 0, 32, MaxCodes) {
			t.Errorf("index %d passed for a code", x)
		}
	}
}

// BenchmarkIndices decodes a batch of indices, to codes and to values.
func BenchmarkIndices(b *testing.B) {
	const rows = 16 << 10
	for _, width := range []uint{3, 8, 9, 12, 16} {
		r := rand.New(rand.NewPCG(1, 2))
		indices := make([]uint64, rows)
		for i := range indices {
			indices[i] = r.Uint64N(uint64(1) << width)
		}
		data := packed(indices, width, 0)
		b.Run(fmt.Sprintf("%d bits/codes", width), func(b *testing.B) {
			dst := make([]uint16, rows)
			for b.Loop() {
				unpackRun(dst, data, 0, width, 1<<width)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
		b.Run(fmt.Sprintf("%d bits/values", width), func(b *testing.B) {
			dst, dict := make([]uint64, rows), make([]uint64, 1<<width)
			for b.Loop() {
				gather(dst, dict, data, 0, width)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
