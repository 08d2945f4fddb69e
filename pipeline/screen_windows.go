package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsCodes makes the console understand codes, and tells whether it does. Old consoles cannot.
func understandsCodes(f *os.File) bool {
	handle, mode := windows.Handle(f.Fd()), uint32(0)
	return windows.GetConsoleMode(handle, &mode) == nil && windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
