package main_test

import (
	"os"
	"syscall"
)

// mostResident returns how many bytes of memory a process had at most.
func mostResident(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
