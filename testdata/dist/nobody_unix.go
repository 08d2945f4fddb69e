//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is the user of that name, who owns nothing. Beam's libraries need a user who is in /etc/passwd, or else HOME and USER.
const nobody = 65534

// asNobody is a command that runs without the rights of root.
func asNobody(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}
