package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsCodes has the console understand codes. An old one does not.
func understandsCodes(f *os.File) bool {
	handle, mode := windows.Handle(f.Fd()), uint32(0)
	return windows.GetConsoleMode(handle, &mode) == nil && windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
