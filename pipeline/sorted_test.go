package main

import (
	"cmp"
	"slices"
)

// sortedBy returns the keys of m, sorted by the value of by for each.
func sortedBy[K comparable, V any, S cmp.Ordered](m map[K]V, by func(K) S) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return cmp.Compare(by(a), by(b)) })
	return keys
}
