package group

import "tripstats/transforms/query"

// FinishShards merges and finishes groups, on all cores if there are many. Each shard is a list of blocks that are not finished. No two shards may have
// a group with the same key. It returns a finished block for each shard that has blocks, for [Rows].
func FinishShards(q *query.Query, shards [][][]byte) ([][]byte, error) {
	finished := make([][]byte, len(shards))
	err := SideBySide(len(shards), func(i int) (err error) {
		finished[i], err = finishShard(q, shards[i])
		return err
	})
	return finished, err
}

func finishShard(q *query.Query, blocks [][]byte) ([]byte, error) {
	in, err := newGroups(q, blocks)
	if err != nil {
		return nil, err
	}
	w := finishedWriter{f: in.finisher, dropped: in.counted}
	for len(in.heap) > 0 {
		finished, err := in.take()
		switch {
		case err != nil:
			return nil, err
		case finished:
			return nil, brokenState("found a finished group among others, expected none")
		}
		if err := w.add(in.key); err != nil {
			return nil, err
		}
	}
	return finishedState([]finishedWriter{w}, 0, in.counted), nil
}
