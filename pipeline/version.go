package main

import "runtime/debug"

// version is the program's, as it stands in every output.
const version = "0.1.0"

// revision is the commit the program was built from, where the build recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
