package eights

// disableAVX2 makes all be done one by one. The returned function undoes that.
func disableAVX2() (undo func()) {
	before := hasAVX2
	hasAVX2 = false
	return func() { hasAVX2 = before }
}
