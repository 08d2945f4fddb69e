//go:build !windows

package main

import "os"

// understandsCodes tells whether a terminal says that it does more than show text.
func understandsCodes(*os.File) bool {
	name := os.Getenv("TERM")
	return name != "" && name != "dumb"
}
