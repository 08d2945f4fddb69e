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

// DrainLists reads all lists of a side input and returns their entries.
func DrainLists[L interface{ All() ([]T, error) }, T any](next func(*L) bool) ([]T, error) {
	var all [][]T
	for _, list := range Drain(next) {
		entries, err := list.All()
		if err != nil {
			return nil, err
		}
		all = append(all, entries)
	}
	return slices.Concat(all...), nil
}
