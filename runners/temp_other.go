//go:build !unix

package runners

const noFollow = 0

// isOwn is always false here: this system does not tell whether the run of a folder is dead.
func isOwn(string) bool { return false }
