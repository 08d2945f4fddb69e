//go:build !amd64

package trip

func disableAVX2() (undo func()) { return func() {} }
