//go:build !unix

package runners

const noFollow = 0

// isOwn is never true where it cannot be known that a folder is a dead run's.
func isOwn(string) bool { return false }
