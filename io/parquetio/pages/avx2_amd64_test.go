package pages

// withoutAVX2 runs f as on a machine without it.
func withoutAVX2(f func()) {
	defer func(has bool) { hasAVX2 = has }(hasAVX2)
	hasAVX2 = false
	f()
}
