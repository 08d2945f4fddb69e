//go:build race

package parquetio

// raced tells that the race detector is on, under which a sync.Pool forgets some of what is put into it.
const raced = true
