//go:build unix

// Package account has an answer for a package of Beam's, which asks for the user when the program starts, and ends it with a stack if there is
// none. In a container there may be none: a user who is not in /etc/passwd and has no USER or HOME.
//
// It must be initialised before Beam. Go initialises the package whose path is the first of those that have all their imports ready. Beam
// imports net/http, and so waits for packages below vendor/. This one imports little, so that it waits for none of these.
package account

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// defaults are what stands for variables that are not set, while package os/user is asked. It gives the same answer ever after.
var defaults = map[string]string{"USER": strconv.Itoa(os.Getuid()), "HOME": "/"}

func init() {
	for name, value := range defaults {
		if before, set := os.LookupEnv(name); before == "" {
			os.Setenv(name, value) //nolint:errcheck // the name is valid
			defer restore(name, set)
		}
	}
	if _, err := user.Current(); err != nil {
		// A program with cgo asks the C library, which does not look at variables.
		fmt.Fprintf(os.Stderr, "tripstats: error: found no user with the number %d in /etc/passwd, expected one; take a program of make dist, or build with CGO_ENABLED=0: these need none\n", os.Getuid())
		os.Exit(1)
	}
}

// restore sets a variable to what it was: empty or not there.
func restore(name string, set bool) {
	if set {
		os.Setenv(name, "") //nolint:errcheck // the name is valid
	} else {
		os.Unsetenv(name) //nolint:errcheck // the name is valid
	}
}
