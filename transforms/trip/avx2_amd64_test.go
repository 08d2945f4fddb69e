package trip

// disableAVX2 makes the passes run in Go. The returned function undoes that.
func disableAVX2() (undo func()) {
	before := hasAVX2
	hasAVX2 = false
	return func() { hasAVX2 = before }
}
