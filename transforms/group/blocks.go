package group

import (
	"bytes"
	"encoding/binary"
)

const (
	// Shards is the number of shards of a table's unfinished groups.
	Shards = 64
	// blockBytes is what the groups of a block take at most, unless one alone takes more.
	blockBytes = 1<<20 - 1<<10
)

// shardOf spreads keys over the shards. It depends on nothing but the key, as equal keys of all workers must meet.
func shardOf(key []byte) uint32 { return shardOfHash(shardHash(shardSeed, key)) }

const shardSeed = 14695981039346656037

// shardHash is FNV-1a.
func shardHash(h uint64, key []byte) uint64 {
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

func shardOfHash(h uint64) uint32 { return uint32((h ^ h>>29) * 0x9e3779b97f4a7c15 >> 58) }

// Blocks cuts a state into blocks: states of some of its groups. A group is never cut. Equal keys of unfinished states are in blocks of
// the same shard; those of a finished state are never merged, and their shard tells nothing. A state without groups has no blocks, unless HAVING
// dropped groups of it. The blocks tell of rows filtered and counted only what they have in their groups.
func Blocks(state []byte, emit func(shard uint32, finished bool, block []byte) error) error {
	var h header
	in, err := h.read(state)
	if err != nil {
		return err
	}
	if h.chunked {
		return chunkBlocks(&h, in, emit)
	}
	var shards [Shards]blockWriter
	dropped, share := h.dropped, len(in)
	if !h.Finished {
		share = len(in) / Shards * 9 / 8 // keys are spread evenly
	}
	err = each(in, next, func(g record) error {
		shard := uint32(0)
		if !h.Finished {
			shard = shardOf(g.key)
		}
		rows, _, err := g.rows()
		if err != nil {
			return err
		}
		w := &shards[shard]
		if w.n > 0 && len(w.groups)+len(g.whole) > blockBytes {
			if err := emit(shard, h.Finished, w.block(&h, dropped)); err != nil {
				return err
			}
			dropped = 0
		}
		if w.n == 0 {
			w.begin(&h, min(blockBytes, max(share, len(g.whole))))
		}
		w.add(&g, rows)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range shards {
		w := &shards[i]
		if w.n == 0 && dropped > 0 {
			w.begin(&h, 0)
		}
		if w.n > 0 || dropped > 0 {
			if err := emit(uint32(i), h.Finished, w.block(&h, dropped)); err != nil {
				return err
			}
			dropped = 0
		}
	}
	return nil
}

// blockWriter collects the groups of a block.
type blockWriter struct {
	groups  []byte // after room for a header
	room    int
	n, rows int64
}

// begin makes memory for so many bytes of groups.
func (w *blockWriter) begin(of *header, bytes int) {
	const mostNumbers = 4 * binary.MaxVarintLen64
	w.room = len(of.append(nil)) + mostNumbers
	w.groups = make([]byte, w.room, w.room+bytes)
}

func (w *blockWriter) add(g *record, rows int64) {
	w.groups = append(w.groups, g.whole...)
	w.n++
	w.rows += rows
}

// block returns the block and begins a new one.
func (w *blockWriter) block(of *header, dropped int64) []byte {
	h := header{keys: of.keys, forms: of.forms, dropped: dropped}
	h.Groups, h.Counted, h.Finished = w.n, w.rows+dropped, of.Finished
	written := h.append(nil)
	b := w.groups[w.room-len(written):]
	copy(b, written)
	if cap(b) > len(b)+len(b)/4 {
		b = bytes.Clone(b)
	}
	*w = blockWriter{}
	return b
}
