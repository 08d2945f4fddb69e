package trip

// disableAVX2 has the passes in Go until it is undone.
func disableAVX2() (undo func()) {
	before := hasAVX2
	hasAVX2 = false
	return func() { hasAVX2 = before }
}
