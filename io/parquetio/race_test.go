//go:build race

package parquetio

// raced is true if the race detector is on. With it, a sync.Pool drops some of its objects.
const raced = true
