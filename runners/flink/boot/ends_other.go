//go:build unix && !linux

package main

import "syscall"

// endsWithUs: other systems than Linux cannot promise it.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
