package main

import "tripstats/runners"

// inProcess lists the runners that need nothing but this program.
func inProcess() (names []string) {
	for _, r := range runners.All() {
		if !r.Elsewhere() {
			names = append(names, r.Name)
		}
	}
	return names
}
