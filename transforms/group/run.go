package group

import "bytes"

// run is a block that is being read. Its groups ascend by key. It has the group that was read last, and the rest of the block.
type run struct {
	header
	record
	rest []byte

	// If the block is a chunk, its tails are read when the first of them is needed. Few blocks have groups that are merged with other groups.
	chunk *chunk
	tails [][]byte // by group
	at    int      // the number of groups that were read
}

// open reads a block. If tails is true, it reads all tails now.
func (r *run) open(block []byte, tails bool) error {
	in, err := r.read(block)
	switch {
	case err != nil:
		return err
	case r.chunked && !tails:
		c, rest, ok, err := nextChunk(in)
		if err != nil {
			return err
		}
		if ok && len(rest) == 0 {
			r.chunk, r.chunked, r.coded = &c, false, false
			r.rest, err = c.openWithoutTails()
			return err
		}
	}
	r.rest, err = r.header.open(block)
	return err
}

// needTail sets the tail of the record that was read last.
func (r *run) needTail() (err error) {
	if r.chunk == nil {
		return nil
	}
	if r.tails == nil {
		if r.tails, err = r.chunk.openTails(); err != nil {
			return err
		}
	}
	r.tail = r.tails[r.at-1]
	return nil
}

// advance reads the next group of a run. It is not ok at the end.
func (r *run) advance() (ok bool, err error) {
	before := r.key
	if r.record, r.rest, ok, err = next(r.rest); err != nil || !ok {
		return false, err
	}
	r.at++
	if before != nil && bytes.Compare(before, r.key) >= 0 {
		return false, errNotAscending
	}
	if r.key == nil {
		r.key = []byte{}
	}
	return true, nil
}

var errNotAscending = brokenState("found groups that do not ascend, expected them in order")
