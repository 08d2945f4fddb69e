package group

import "testing"

// While the codes of one key grow, the others keep their place in the keys of the hash table: otherwise all together would soon need more than 64
// bits, and groups would be found by their names, which takes much longer.
func TestKeysOfFewValuesKeepTheirWidth(t *testing.T) {
	var g grouper
	g.init(make([]*key, 4))
	for k := range g.lists {
		g.lists[k] = new(coded)
	}
	for n := 300; n < 1<<24; n = n * 3 / 2 {
		copy(g.counts, []int{300, 300, n, 24})
		g.fit()
		if g.long != nil {
			t.Fatalf("the third key has %d codes: groups are found by names, expected the hash table: the codes need at most 50 bits", n)
		}
		for k, count := range g.counts {
			if g.radix[k] < count {
				t.Fatalf("key %d has room for %d codes, expected at least %d", k, g.radix[k], count)
			}
		}
	}
	if g.direct != nil {
		t.Error("found a direct table of all codes, expected the hash table")
	}
}
