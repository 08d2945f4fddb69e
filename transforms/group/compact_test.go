package group

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// An adder with many groups writes them in chunks.
func TestAStateInChunksHasTheSameGroups(t *testing.T) {
	for name, q := range map[string]*query.Query{
		"journeys": sql(t, journeys), "texts": sql(t, "SELECT pickup_zone, dropoff_zone, min(pickup_datetime) AS s, count(DISTINCT trip_duration_minutes) AS d FROM trips GROUP BY ALL"),
		"large": sql(t, "SELECT pickup_location_id, dropoff_location_id, count(*) AS n, count(DISTINCT pickup_datetime) AS d FROM trips GROUP BY ALL"),
	} {
		rng := rand.New(rand.NewPCG(7, 5))
		batches := zoneBatches(rng, map[string]int{"journeys": 4, "texts": 4, "large": 40}[name])
		if name == "large" { // one group has more than a block has, and there are groups before and after it in its shard
			for k, b := range batches {
				for i := range b.Rows {
					b.Columns[trip.Pickup].Values[i] = rng.Int64N(1 << 62)
					if k%2 == 0 {
						b.Columns[trip.PickupZone].Values[i], b.Columns[trip.DropoffZone].Values[i] = 130, 130
					}
				}
			}
		}
		a := NewAdder(q, 1<<20)
		plain, err := addTo(a, batches)
		if err != nil {
			t.Fatal(err)
		}
		state, err := a.State()
		if err != nil {
			t.Fatal(err)
		}
		if state[1] != isChunked {
			t.Errorf("%s: found the flags %d, expected a state in chunks", name, state[1])
		}
		coded, err := Compact(state)
		if err != nil {
			t.Fatal(err)
		}
		fromPlain, err := Compact(plain)
		if err != nil || len(coded) != len(fromPlain) { // the chunks of a shard that was cut are at another place
			t.Errorf("%s: a compact state from chunks has %d bytes, expected %d as that of the plain state, %v", name, len(coded), len(fromPlain), err)
		}
		for _, form := range [][]byte{state, coded, fromPlain} {
			if got, err := Plain(form); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s: the plain form of chunks differs from the plain state, %v", name, err)
			}
			if err := Check(form); err != nil {
				t.Error(name, err)
			}
		}
		blocks := map[uint32][]byte{}
		if err := Blocks(plain, func(shard uint32, _ bool, block []byte) error {
			blocks[shard] = append(blocks[shard], block...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		got, most := map[uint32][]byte{}, 0
		chunks := map[uint32]int{}
		if err := Blocks(state, func(shard uint32, _ bool, block []byte) error {
			chunks[shard]++
			most = max(most, chunks[shard])
			block, err := Plain(block)
			got[shard] = append(got[shard], block...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 1, true: 3}[name == "large"]; most != want {
			t.Errorf("%s: found at most %d chunks of a shard, expected %d", name, most, want)
		}
		if !maps.EqualFunc(got, blocks, bytes.Equal) {
			t.Errorf("%s: the blocks of chunks differ from those of the plain state", name)
		}
	}
}

// stateForms returns the plain and the compact form of a state.
func stateForms(t *testing.T, q *query.Query, batches []*trip.Batch) (plain, compact []byte) {
	t.Helper()
	plain, err := stateOf(q, batches)
	if err != nil {
		t.Fatal(err)
	}
	if compact, err = Compact(plain); err != nil {
		t.Fatal(err)
	}
	if len(compact) > len(plain)*2/3 {
		t.Fatalf("the compact state has %d bytes, expected at most two thirds of %d", len(compact), len(plain))
	}
	return plain, compact
}

func TestACompactStateHasTheSameGroups(t *testing.T) {
	q := sql(t, journeys)
	rng := rand.New(rand.NewPCG(7, 1))
	plain, compact := stateForms(t, q, zoneBatches(rng, 6))
	other, otherCompact := stateForms(t, q, zoneBatches(rng, 5))
	want, err := Header(plain)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Header(compact); err != nil || got != want {
		t.Errorf("the header of the compact state: found %+v and the error %v, expected %+v", got, err, want)
	}
	merged, err := Merge(plain, other)
	if err != nil {
		t.Fatal(err)
	}
	finished, err := Finish(q, plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		make func() ([]byte, error)
		want []byte
	}{
		{"made plain", func() ([]byte, error) { return Plain(compact) }, plain},
		{"made compact twice", func() ([]byte, error) { return Compact(compact) }, compact},
		{"finished", func() ([]byte, error) { return Finish(q, compact) }, finished},
		{"merged with a plain state", func() ([]byte, error) { return mergedPlain(compact, other) }, merged},
		{"merged with a compact state", func() ([]byte, error) { return mergedPlain(compact, otherCompact) }, merged},
		{"merged into a plain state", func() ([]byte, error) { return mergedPlain(plain, otherCompact) }, merged},
	} {
		if got, err := c.make(); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: the compact state gives other bytes than the plain state; error %v", c.what, err)
		}
	}
}

func mergedPlain(a, b []byte) ([]byte, error) {
	merged, err := Merge(a, b)
	if err != nil {
		return nil, err
	}
	return Plain(merged)
}

func TestBlocksOfACompactStateAreThoseOfThePlainOne(t *testing.T) {
	q := sql(t, journeys)
	plain, compact := stateForms(t, q, zoneBatches(rand.New(rand.NewPCG(7, 2)), 6))
	byShard := func(state []byte) (all [Shards][]byte) {
		if err := Blocks(state, func(shard uint32, finished bool, block []byte) error {
			if finished || all[shard] != nil {
				t.Errorf("shard %d: found a second block or a finished one, expected a single unfinished block", shard)
			}
			var err error
			all[shard], err = Plain(block)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if want, got := byShard(plain), byShard(compact); !slices.EqualFunc(got[:], want[:], bytes.Equal) {
		t.Error("the blocks of the compact state have other groups than the blocks of the plain state")
	}
}

// A state may be damaged on its way between workers. Reading it must not panic.
func TestChangedCompactStatesAreReadWithoutHarm(t *testing.T) {
	q := sql(t, journeys)
	rng := rand.New(rand.NewPCG(7, 3))
	_, compact := stateForms(t, q, zoneBatches(rng, 1))
	for range 3_000 {
		changed := bytes.Clone(compact)
		for range 1 + rng.IntN(3) {
			changed[rng.IntN(len(changed))] = byte(rng.IntN(256))
		}
		if rng.IntN(4) == 0 {
			changed = changed[:rng.IntN(len(changed))]
		}
		groups, err := Plain(changed)
		if err != nil {
			continue
		}
		_, _ = Finish(q, groups) // an error or another table is allowed, a panic is not
	}
}

// A coder may have coded and read other texts before. Each text must be readable without the code of another text.
func TestEachTextIsReadByItself(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 4))
	c := newCoder()
	for range 300 {
		text := make([]byte, 1+rng.IntN(3*pieceBytes))
		for i := range text {
			text[i] = byte(rng.ExpFloat64() * 6)
		}
		r := reader{in: c.append(nil, text)}
		if got := newCoder().read(&r, nil); r.short || len(r.in) > 0 || !bytes.Equal(got, text) {
			t.Fatalf("a text of %d bytes: reading it gives other bytes, expected the same", len(text))
		}
	}
}

// A chunk whose keys tell of far more bytes than a block has is damaged. It is refused before memory is taken for them.
func TestAChunkOfMoreThanABlockIsRefused(t *testing.T) {
	key := make([]byte, 1<<14)
	const groups = 1 << 14
	for _, tail := range []uint64{0, 1 << 20, math.MaxInt64} { // of the first group
		c := newCoder()
		keys := binary.AppendUvarint([]byte{0}, uint64(len(key)))
		keys = binary.AppendUvarint(append(append(keys, key...), 0), tail)
		for range groups - 1 { // each has the whole key before
			keys = append(binary.AppendUvarint(keys, uint64(len(key))), 0, 0, 0)
		}
		chunk := chunk{groups: groups, content: c.append(c.append(c.append(nil, keys), nil), nil)}
		for name, open := range map[string]func() ([]byte, error){"open": chunk.open, "openWithoutTails": chunk.openWithoutTails} {
			if out, err := open(); err == nil {
				t.Errorf("%s, a first tail of %d bytes: found %d bytes of groups, expected an error", name, tail, len(out))
			}
		}
	}
}
