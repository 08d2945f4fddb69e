package aggregate

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/group"
)

// Large blocks of one shard are merged before the table is made. The merged blocks give the same rows. The lists of blocks from before a merge
// stay unchanged, because others may still use them.
func TestBlocksThatTakeMuchTogetherAreMerged(t *testing.T) {
	spec := declaredOf(t, "pickups", "SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY pickup_location_id", false)
	q := spec.query()
	const blocks, groups, shift = 7, 120_000, 30_000
	var given [][]byte
	counted, merges := int64(0), 0
	var all Blocks
	for i := range int64(blocks) {
		var zones []int64
		for zone := range int64(groups) {
			zones = append(zones, i*shift+zone)
		}
		b := tripsOf("a", march, c64(zones...), c64(zones...), c64(zones...))
		a := group.NewAdder(q, 2*groups)
		if err := a.Add(&b); err != nil {
			t.Fatal(err)
		}
		state, err := a.State()
		if err != nil {
			t.Fatal(err)
		}
		given, counted = append(given, state), counted+groups
		before := all
		had := slices.Clone(all.Others)
		if all, err = all.add(state); err != nil {
			t.Fatal(err)
		}
		if len(all.Others) <= len(before.Others) {
			merges++
		}
		if !slices.EqualFunc(had, before.Others, slices.Equal) {
			t.Errorf("block %d: adding it changed the blocks from before", i)
		}
	}
	total := 0
	for _, b := range given {
		total += len(b)
	}
	if total <= fewBytes || merges == 0 || len(all.Finished) > 0 {
		t.Fatalf("found %d merges of blocks with %d bytes in all, expected some merges of more than %d bytes", merges, total, fewBytes)
	}
	whole, n, err := group.Rows(q, all.Others)
	want, wantCounted, err2 := group.Rows(q, given)
	if err != nil || err2 != nil || n != counted || wantCounted != counted || !array.RecordEqual(whole, want) {
		t.Errorf("found %d rows of %d trips, %v; expected %d of %d, %v", whole.NumRows(), n, err, want.NumRows(), counted, err2)
	}
}
