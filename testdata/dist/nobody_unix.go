//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is a user who owns nothing and is not in /etc/passwd, as containers have them.
const nobody = 1_234_567

// asNobody is a command that runs without the rights of root.
func asNobody(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}
