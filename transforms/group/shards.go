package group

import (
	"bytes"
	"slices"

	"tripstats/transforms/query"
	"tripstats/transforms/sidebyside"
)

// FinishShards merges and finishes groups, on all cores if there are many groups. Each shard is a list of blocks that are not finished.
// To free memory, it clears each block when it has read it. No two shards may have a group with the same key. It returns a finished block
// for each shard, for [Rows]. If several groups have errors, it returns the error of the group with the first key in order.
func FinishShards(q *query.Query, shards [][][]byte) ([][]byte, error) {
	finished, failed := make([][]byte, len(shards)), make([]failedGroup, len(shards))
	sidebyside.Do(len(shards), func(i int) error { //nolint:errcheck // it has none
		finished[i], failed[i] = finishShard(q, shards[i])
		clear(shards[i])
		return nil
	})
	failed = slices.DeleteFunc(failed, func(f failedGroup) bool { return f.err == nil })
	if len(failed) == 0 {
		return finished, nil
	}
	return nil, slices.MinFunc(failed, func(a, b failedGroup) int { return bytes.Compare(a.key, b.key) }).err
}

// failedGroup is an error of a group.
type failedGroup struct {
	key []byte
	err error
}

func finishShard(q *query.Query, blocks [][]byte) ([]byte, failedGroup) {
	in, err := newGroups(q, blocks)
	if err != nil {
		return nil, failedGroup{err: err}
	}
	in.keysLater = true // few groups have an error or a HAVING that needs their keys, and Rows reads the keys anyway
	w := finishedWriter{f: in.finisher, dropped: in.counted}
	for len(in.heap) > 0 {
		finished, err := in.take()
		if err == nil && finished {
			err = brokenState("found a finished group among others, expected none")
		}
		if err == nil {
			err = w.add(in.key)
		}
		if err != nil {
			return nil, failedGroup{in.key, err}
		}
	}
	return finishedState([]finishedWriter{w}, 0, in.counted), failedGroup{}
}
