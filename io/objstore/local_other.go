//go:build !unix

package objstore

import "io/fs"

const openFlags, noFollow = 0, 0

func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }

func sameDevice(fs.FileInfo, fs.FileInfo) bool { return true }

func writable(string) error { return nil }

func syncDir(string) error { return nil }

func isNotDir(error) bool { return false }
