package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the program's, as it stands in every output.
const version = "0.1.0"

// builtFrom is the revision. The linker sets it for builds in which Go does not record the revision.
var builtFrom string

// revision returns the commit that the program was built from, with -dirty if the source differed from it; "" if the build did
// not record it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if builtFrom != "" || !ok {
		return builtFrom
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if commit == "" {
		return ""
	}
	return commit + dirty
}

// versionLine is what the command version prints.
func versionLine() string {
	from := revision()
	if from == "" {
		from = "unknown: the build did not record it"
	}
	return fmt.Sprintf("tripstats %s, revision %s, %s %s/%s\n", version, from, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
