package inflate

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// threeOf inflates three pages into memory with fences.
func threeOf(p *Pair, all *[3][]byte, src [3][]byte) error {
	var dst [3][]byte
	for i, memory := range all {
		dst[i] = memory[fence : len(memory)-fence]
	}
	return p.Pages(dst[:], src[:])
}

// TestThreePagesAtOnceAreEachRight inflates pages of different sizes and contents together: one stream ends first, and the others go on.
func TestThreePagesAtOnceAreEachRight(t *testing.T) {
	var p Pair
	for _, sizes := range [][3]int{{0, 5, 600}, {600, 600, 600}, {70_000, 300, 200_000}, {200_000, 70_000, 0}, {90_000, 200_000, 70_000}, {65_535, 65_536, 65_537}} {
		names := slices.Sorted(maps.Keys(contents(1)))
		var pages, packed [3]map[string][]byte
		for k, n := range sizes {
			pages[k], packed[k] = contents(n), map[string][]byte{}
			for name, content := range pages[k] {
				packed[k][name] = compressed(t, []int{6, 1, 6}[k], content)
			}
		}
		for i := range names {
			for j := range names {
				var all, want, src [3][]byte
				for k, name := range []string{names[i], names[j], names[(i+j)%len(names)]} {
					all[k], want[k], src[k] = fenced(sizes[k]), pages[k][name], packed[k][name]
				}
				err := threeOf(&p, &all, src)
				for k := range all {
					if err != nil || !bytes.Equal(all[k][fence:len(all[k])-fence], want[k]) {
						t.Fatalf("%v bytes of %s, %s and others: page %d: error %v, or other bytes", sizes, names[i], names[j], k, err)
					}
					if !whole(all[k]) {
						t.Fatalf("%v bytes of %s, %s and others: bytes beyond page %d were written", sizes, names[i], names[j], k)
					}
				}
			}
		}
	}
}

// TestADamagedPageOfThreeIsAnError damages a page in each place. After that, the same Pair must inflate good pages.
func TestADamagedPageOfThreeIsAnError(t *testing.T) {
	var p Pair
	for _, name := range []string{"skewed", "times", "noise"} {
		want := contents(100_000)[name]
		good := compressed(t, 6, want)
		for at := 12; at < len(good); at += len(good) / 9 {
			bad := bytes.Clone(good)
			bad[at] ^= 4
			for place := range 3 {
				all, src := [3][]byte{fenced(len(want)), fenced(len(want)), fenced(len(want))}, [3][]byte{good, good, good}
				src[place] = bad
				if threeOf(&p, &all, src) == nil {
					t.Errorf("%s: damage at byte %d of page %d passed", name, at, place)
				}
				src[place] = good
				if err := threeOf(&p, &all, src); err != nil {
					t.Errorf("%s: good pages after a damaged page: %v", name, err)
				}
			}
		}
	}
}

// TestPagesOfSeveralMembersAreInflatedBesideOthers inflates a page of two gzip members together with other pages. The loop over three streams cannot
// inflate such a page.
func TestPagesOfSeveralMembersAreInflatedBesideOthers(t *testing.T) {
	var p Pair
	want := contents(50_000)["mixed"]
	good := compressed(t, 6, want)
	members := append(compressed(t, 6, want[:20_000]), compressed(t, 6, want[20_000:])...)
	for place := range 3 {
		all, src := [3][]byte{fenced(len(want)), fenced(len(want)), fenced(len(want))}, [3][]byte{good, good, good}
		src[place] = members
		if err := threeOf(&p, &all, src); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if !bytes.Equal(all[i][fence:len(all[i])-fence], want) {
				t.Errorf("two members in place %d: page %d has other bytes", place, i)
			}
		}
	}
}
