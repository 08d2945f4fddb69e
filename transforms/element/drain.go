package element

import "slices"

// Drain returns all elements of a side input, in the order of the runner.
func Drain[T any](next func(*T) bool) []T {
	var all []T
	for {
		var v T
		if !next(&v) {
			return all
		}
		all = append(all, v)
	}
}

// DrainLists returns the entries of all lists of a side input; of returns those of one list.
func DrainLists[L, T any](next func(*L) bool, of func(L) []T) []T {
	var all [][]T
	for _, list := range Drain(next) {
		all = append(all, of(list))
	}
	return slices.Concat(all...)
}
