package main

import "syscall"

// endsWithUs has the system kill the worker when this program is gone.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
