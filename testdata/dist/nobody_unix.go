//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is a user that owns nothing: that of the image.
const nobody = 65532

// asNobody is a command that runs without the rights of root.
func asNobody(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}
