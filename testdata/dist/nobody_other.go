//go:build !unix

package main

import "os/exec"

// asNobody is a command that runs with the rights of this process.
func asNobody(name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
