package group

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/query/querytest"
)

// Adders that compute together have the states that they have alone, also where a WHERE leaves out rows in which another's expression has
// no value.
func TestAddersTogetherAddWhatTheyAddAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	compared := 0
	for range 60 {
		var together Together
		keys := together.NewKeys()
		var adders []*Adder
		var queries []*query.Query
		for range 1 + rng.IntN(6) {
			g := querytest.Generator{Rand: rng, Ties: true}
			if q, err := query.ParseQuery("test", g.Query()); err == nil && q.Grouped {
				queries = append(queries, q)
				adders = append(adders, keys.NewAdder(len(adders), q, 1<<20))
			}
		}
		together.Grow(3)
		for range 2 { // they are used again
			batches := randomBatches(rng, 150, false)
			if rng.IntN(2) == 0 {
				batches = longBatches(rng, 700, false)
			}
			wrong := map[int]error{}
			var all error
			for _, a := range adders {
				a.Reset()
			}
			for list := range slices.Chunk(batches, 1+rng.IntN(3)) {
				for at, b := range list {
					if all = together.Compute(at, b); all != nil {
						list = list[:at]
						break
					}
					if rng.IntN(2) == 0 {
						together.Choose(at, b)
					}
				}
				for i, a := range adders {
					for at, b := range list {
						if wrong[i] == nil {
							wrong[i] = a.AddFrom(at, b)
						}
					}
				}
				if all != nil {
					break
				}
			}
			alone := false // one of the queries that have no WHERE has an error alone too
			for i, q := range queries {
				want, err := stateOf(q, batches)
				switch {
				case all != nil:
					alone = alone || q.Where == nil && err != nil
				case wrong[i] != nil:
					if fmt.Sprint(err) != fmt.Sprint(wrong[i]) {
						t.Errorf("%s\n  found the error %v, expected %v", q.SQL, wrong[i], err)
					}
				default:
					found, err := plainState(adders[i])
					if err != nil || !bytes.Equal(found, want) {
						t.Errorf("%s\n  found another state than of an adder alone, %v", q.SQL, err)
					}
					compared++
				}
			}
			if all != nil && !alone {
				t.Errorf("found the error %v, and none of adders alone", all)
			}
		}
	}
	if compared < 100 {
		t.Errorf("found %d states to compare, expected more", compared)
	}
}

// Many groups are finished by several goroutines.
func TestManyGroupsAreFinishedAsTheirStateIs(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	rng := rand.New(rand.NewPCG(9, 9))
	q := sql(t, strings.Replace(everyKind, "GROUP BY", "GROUP BY dropoff_datetime,", 1))
	a, most := NewAdder(q, 1<<20), 0
	for range 6 {
		if _, err := addTo(a, longBatches(rng, 4000, false)); err != nil {
			t.Fatal(err)
		}
		most = max(most, a.keys.groups)
	}
	if most < 2*fewGroups {
		t.Errorf("found at most %d groups, expected many", most)
	}
}
