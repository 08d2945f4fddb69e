package group

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

// randomIDs returns the groups of rows. Many consecutive rows are of one group, as in files that are sorted by time.
func randomIDs(rng *rand.Rand, rows, groups int) []uint32 {
	ids := make([]uint32, rows)
	for i := range ids {
		ids[i] = uint32(rng.IntN(groups))
		if i > 0 && rng.IntN(4) > 0 {
			ids[i] = ids[i-1]
		}
	}
	return ids
}

// sumOf returns the sum of a group, read from the bytes that append writes.
func sumOf(s *sums, id uint32) *big.Int { return bigOf(s.append(nil, id, 1)) }

func TestSumsAreExactWhateverTheMagnitude(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		s := &sums{}
		groups := 1 + rng.IntN(5)
		want := make([]*big.Int, groups)
		for g := range want {
			want[g] = new(big.Int)
		}
		s.grow(groups)
		for range 1 + rng.IntN(20) {
			ids, ints, bits := randomIDs(rng, 1+rng.IntN(100), groups), []int64(nil), rng.IntN(64)
			one := rng.IntN(3) == 0
			for i := range ids {
				if one {
					ids[i] = ids[0]
				}
				v := int64(rng.Uint64()) >> bits
				if rng.IntN(200) == 0 {
					v = []int64{math.MinInt64, math.MaxInt64}[rng.IntN(2)]
				}
				ints = append(ints, v)
				want[ids[i]].Add(want[ids[i]], big.NewInt(v))
			}
			s.add(ids, one, values{ints: ints})
		}
		for g := range want {
			if found := sumOf(s, uint32(g)); found.Cmp(want[g]) != 0 {
				t.Fatalf("group %d: found %v, expected %v", g, found, want[g])
			}
		}
		s.reset()
		if s.grow(1); sumOf(s, 0).Sign() != 0 {
			t.Fatalf("found %v after a reset, expected 0", sumOf(s, 0))
		}
	}
}

// TestSumsAreCarriedBeforeTheyOverflow adds large values of one sign until their sum no longer fits in 64 bits.
func TestSumsAreCarriedBeforeTheyOverflow(t *testing.T) {
	for _, v := range []int64{1<<47 - 1, -(1 << 47)} {
		s, ids, ints := &sums{}, make([]uint32, 1<<12), slices.Repeat([]int64{v}, 1<<12)
		s.grow(2)
		const batches = 40
		for i := range batches {
			s.add(ids, i%2 == 0, values{ints: ints})
		}
		if want := new(big.Int).Mul(big.NewInt(v), big.NewInt(batches<<12)); sumOf(s, 0).Cmp(want) != 0 {
			t.Errorf("found %v, expected %v", sumOf(s, 0), want)
		}
	}
}

// randomDoubles returns random durations in minutes. If odd is true, some of the doubles are zeros, very small or very large.
func randomDoubles(rng *rand.Rand, rows int, odd bool) []float64 {
	floats := make([]float64, rows)
	for i := range floats {
		floats[i] = float64(rng.IntN(1e5)-1000) / 60
		if !odd || rng.IntN(20) > 0 {
			continue
		}
		floats[i] = []float64{
			0, math.Copysign(0, -1), 1e-30, 1 << 20, -1 << 37, 1e200, math.Ldexp(rng.Float64(), rng.IntN(120)-60), math.Ldexp(-rng.Float64(), rng.IntN(60)-20), 5e-324,
		}[rng.IntN(9)]
	}
	return floats
}

func TestSumsOfDoublesAreExactByGroup(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 200 {
		groups := []int{1, 2, 4, few, few + 1}[rng.IntN(5)]
		s, want, counts := &floatSums{}, make([]query.FloatSum, groups), make([]int64, groups)
		s.grow(groups)
		for range 1 + rng.IntN(4) {
			ids := randomIDs(rng, 1+rng.IntN(3000), groups)
			one := rng.IntN(3) == 0
			floats := randomDoubles(rng, len(ids), rng.IntN(2) == 0)
			for i := range ids {
				if one {
					ids[i] = ids[0]
				}
				want[ids[i]].Add(floats[i])
				counts[ids[i]]++
			}
			s.add(ids, one, values{floats: floats})
			if rng.IntN(3) == 0 {
				s.carry()
			}
		}
		for g := range want {
			if counts[g] == 0 {
				continue
			}
			sum := readFloats(&reader{in: s.append([]byte{1}, uint32(g), counts[g])})
			if found := sum.by(1); math.Float64bits(found) != math.Float64bits(want[g].Sum()) {
				t.Fatalf("group %d: found %g, expected %g", g, found, want[g].Sum())
			}
		}
	}
}

// TestSumsOfDoublesAreCarriedBeforeTheyOverflow adds the doubles with the largest parts until the sums of the parts no longer fit in 64 bits.
func TestSumsOfDoublesAreCarriedBeforeTheyOverflow(t *testing.T) {
	for _, f := range []float64{math.Nextafter(1<<20, 0), math.Nextafter(-(1 << 20), 0), math.Ldexp(1, -23), math.Ldexp(-1, -23)} {
		const rows, batches = 1<<21 + 5, 3
		s, ids, floats := &floatSums{}, make([]uint32, rows), slices.Repeat([]float64{f}, rows)
		s.grow(1)
		for i := range batches {
			s.add(ids, i == 1, values{floats: floats})
		}
		sum := readFloats(&reader{in: s.append([]byte{1}, 0, rows*batches)})
		want := new(big.Rat).SetFloat64(f)
		if average, _ := want.Float64(); sum.by(rows*batches) != average {
			t.Errorf("found the average %g, expected %g", sum.by(rows*batches), average)
		}
	}
}

func TestRowsAreCountedByGroup(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for rows := range 40 {
		if rows%2 == 1 {
			rows *= 200
		}
		groups := []int{3, few, few + 1}[rng.IntN(3)]
		ids := randomIDs(rng, rows, groups)
		counts, sums, want := make([]int64, groups), make([]int64, groups), make([]int64, groups)
		ones := slices.Repeat([]int64{1}, rows)
		for _, id := range ids {
			want[id]++
		}
		countRows(new(chained), counts, ids)
		scatter(new(chained), sums, ids, ones)
		if !slices.Equal(counts, want) || !slices.Equal(sums, want) {
			t.Errorf("%d rows: found %v and %v, expected %v", rows, counts, sums, want)
		}
	}
}

// TestTheBestPairIsKept adds pairs in batches, and compares the result with a simple search for the best pair.
func TestTheBestPairIsKept(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 200 {
		most := rng.IntN(2) == 0
		p := &pairs{form: form{class: exact, by: exact}, most: most, texts: &texts{}}
		best, has := make([]pair, 3), make([]bool, 3)
		p.grow(3)
		for range 3 {
			ids := randomIDs(rng, rng.IntN(30), 1+rng.IntN(3))
			ints, bys := make([]int64, len(ids)), make([]int64, len(ids))
			for i, id := range ids {
				ints[i], bys[i] = rng.Int64N(5), []int64{math.MinInt64, -1, 0, 1, math.MaxInt64}[rng.IntN(5)]
				b := &best[id]
				if better := bys[i] > b.by; !has[id] || bys[i] != b.by && better == most || bys[i] == b.by && ints[i] < b.value {
					best[id], has[id] = pair{by: bys[i], value: ints[i]}, true
				}
			}
			p.add(ids, len(ids) > 0 && sameGroup(ids, 0), values{ints: ints, by: bys})
		}
		for g, b := range best {
			now := p.list[g]
			if now.any != has[g] || has[g] && (now.by != b.by || now.value != b.value) {
				t.Fatalf("group %d: found %v, expected %v", g, now, b)
			}
		}
	}
}

// TestSumsAreTheSameOneByOne adds doubles and whole numbers with AVX2 and without it.
func TestSumsAreTheSameOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 100 {
		ids, one := randomIDs(rng, 1+rng.IntN(3000), 3), rng.IntN(2) == 0
		if one {
			clear(ids)
		}
		floats, ints := randomDoubles(rng, len(ids), true), make([]int64, len(ids))
		for i := range ints {
			ints[i] = rng.Int64() >> rng.IntN(64)
		}
		states := func() (out []byte) {
			collectors := []collector{&floatSums{}, &sums{}, &extremes{class: exact, most: true}, &extremes{class: exact}}
			for _, c := range collectors {
				c.grow(3)
				c.add(ids, one, values{ints: ints, floats: floats})
				for id := range uint32(3) {
					out = c.append(out, id, 1)
				}
			}
			return out
		}
		with := states()
		undo := eights.Disable()
		without := states()
		if undo(); !bytes.Equal(with, without) {
			t.Fatalf("found %x with AVX2, %x without", with, without)
		}
	}
}

// TestSegmentsOfOneGroupAreAddedAtOnce adds rows in stretches of different lengths, each of one group.
func TestSegmentsOfOneGroupAreAddedAtOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	for range 200 {
		var ids []uint32
		for len(ids) < 5*comparedRows {
			ids = append(ids, slices.Repeat([]uint32{uint32(rng.IntN(3))}, 1+rng.IntN([]int{3, comparedRows, 3 * comparedRows}[rng.IntN(3)]))...)
		}
		s, m := &sums{}, &extremes{class: exact, most: true}
		want, most := make([]int64, 3), slices.Repeat([]int64{math.MinInt64}, 3)
		ints := make([]int64, len(ids))
		for i, id := range ids {
			ints[i] = rng.Int64N(2001) - 1000
			want[id] += ints[i]
			most[id] = max(most[id], ints[i])
		}
		for _, c := range []collector{s, m} {
			c.grow(3)
			a := adding{part: &part{form: form{kind: sum}}, column: c}
			a.addValues(ids, false, values{ints: ints})
		}
		if !slices.Equal(s.near, want) || !slices.Equal(m.list, most) {
			t.Fatalf("found %v and %v, expected %v and %v", s.near, m.list, want, most)
		}
	}
}
