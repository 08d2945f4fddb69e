package source

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
)

func TestSplitBalancesBytes(t *testing.T) {
	r := func(start, end int64) offsetrange.Restriction {
		return offsetrange.Restriction{Start: start, End: end}
	}
	for name, c := range map[string]struct {
		in    offsetrange.Restriction
		sizes []int64
		max   int
		want  []offsetrange.Restriction
	}{
		"even":          {r(0, 4), []int64{10, 10, 10, 10}, 2, []offsetrange.Restriction{r(0, 2), r(2, 4)}},
		"one heavy":     {r(0, 4), []int64{70, 1, 1, 1}, 2, []offsetrange.Restriction{r(0, 1), r(1, 4)}},
		"heavy at last": {r(0, 3), []int64{1, 1, 70}, 3, []offsetrange.Restriction{r(0, 3)}},
		"too small":     {r(0, 4), []int64{1, 1, 1, 1}, 4, []offsetrange.Restriction{r(0, 4)}},
		"part of file":  {r(1, 3), []int64{99, 10, 10, 99}, 9, []offsetrange.Restriction{r(1, 2), r(2, 3)}},
		"single":        {r(0, 1), []int64{1000}, 9, []offsetrange.Restriction{r(0, 1)}},
		"empty":         {r(2, 2), []int64{1, 1}, 9, []offsetrange.Restriction{r(2, 2)}},
	} {
		if got := split(c.in, c.sizes, 10, c.max); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %v, expected %v", name, got, c.want)
		}
	}
}

func TestSplitCoversExactly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		sizes := make([]int64, rng.IntN(60))
		for i := range sizes {
			sizes[i] = rng.Int64N(100)
		}
		start := int64(rng.IntN(len(sizes) + 1))
		r := offsetrange.Restriction{Start: start, End: start + int64(rng.IntN(len(sizes)+1-int(start)))}
		ranges := split(r, sizes, rng.Int64N(50), 1+rng.IntN(20))
		at := r.Start
		for _, p := range ranges {
			if p.Start != at || p.End < p.Start || p.End == p.Start && r.End > r.Start {
				t.Fatalf("%v of %v: ranges %v", r, sizes, ranges)
			}
			at = p.End
		}
		if at != r.End {
			t.Fatalf("%v of %v: ranges %v", r, sizes, ranges)
		}
	}
}

// TestWorkThatOneProcessReadsSideBySideIsNotSplit has a runner ask for splits before the work begins and after each list of batches: prism asks so if the
// work takes long.
func TestWorkThatOneProcessReadsSideBySideIsNotSplit(t *testing.T) {
	f := counted{}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{5, 5, 5}}, 6)...)
	for i := range w.Pieces {
		w.Pieces[i].File.UnitBytes = slices.Repeat([]int64{minSplitBytes}, 3)
	}
	for _, lanes := range someLanes {
		fn := &ReadFn{Config: Config{Lanes: lanes}}
		whole := fn.CreateInitialRestriction(w)
		parts, splits := len(fn.SplitRestriction(w, whole)), 0
		for fraction := range 3 {
			rows, err := process(t, fn.Config, w, whole, func(split func(float64) *offsetrange.Restriction) {
				if split(float64(fraction)/2) != nil {
					splits++
				}
			})
			if err != nil || lanes != 0 && len(rows) != len(expected(w)) {
				t.Errorf("%d lanes: found %d rows and the error %v, expected %d rows", lanes, len(rows), err, len(expected(w)))
			}
		}
		if (parts > 1) != (lanes == 0) || (splits > 0) != (lanes == 0) {
			t.Errorf("%d lanes: found %d parts before the work begins and %d splits of it later, expected any only if it is dealt out to several workers", lanes, parts, splits)
		}
	}
}
