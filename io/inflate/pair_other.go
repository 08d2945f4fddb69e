//go:build !amd64

package inflate

// inTurns tells that there is no loop over two streams for this machine: pages are inflated one after the other.
const inTurns = false

func (p *Pair) turns() error { panic("inflate: no loop over two streams") }
