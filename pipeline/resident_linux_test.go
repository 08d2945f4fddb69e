package main_test

import (
	"os"
	"syscall"
)

// mostResident returns the largest number of bytes of memory that a process had.
func mostResident(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
