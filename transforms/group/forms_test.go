package group

import (
	"math/rand/v2"
	"testing"

	"tripstats/transforms/query"
)

// inOneChunk returns a block as a chunk, whose texts may be coded.
func inOneChunk(t testing.TB, block []byte, coded bool) []byte {
	t.Helper()
	var h header
	in, err := h.read(block)
	if err != nil {
		t.Fatal(err)
	}
	w := new(chunkWriter)
	w.begin()
	if err := each(in, next, func(g record) error {
		rows, _, err := g.rows()
		w.bodies, w.tails = append(w.bodies, g.body...), append(w.tails, g.tail...)
		w.add(g.key, rows)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	h.chunked, h.coded = true, coded
	var c *coder
	if coded {
		c = newCoder()
	}
	return w.append(h.append(nil), 0, c)
}

// shardsOf cuts states into blocks by shard. Each block has one of the forms that a block can have.
func shardsOf(t testing.TB, rng *rand.Rand, states [][]byte) [][][]byte {
	t.Helper()
	shards := make([][][]byte, Shards)
	for _, s := range states {
		if err := Blocks(s, func(shard uint32, _ bool, block []byte) error {
			if form := rng.IntN(3); form > 0 {
				block = inOneChunk(t, block, form == 2)
			}
			shards[shard] = append(shards[shard], block)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return shards
}

// finishedBy computes the rows of states whose groups meet when they are finished.
func finishedBy(t *testing.T, rng *rand.Rand, text string, q *query.Query, states [][]byte, counted int64, want []string) {
	t.Helper()
	blocks, err := FinishShards(q, shardsOf(t, rng, states))
	if err != nil {
		t.Errorf("%s\n  found the error %v of shards", text, err)
		return
	}
	rng.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	found, n, err := Rows(q, blocks)
	if err != nil {
		t.Errorf("%s\n  found the error %v of finished shards", text, err)
		return
	}
	if n != counted {
		t.Errorf("%s\n  found %d trips in finished shards, expected %d", text, n, counted)
	}
	compare(t, text, found, want)
}
