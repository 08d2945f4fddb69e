//go:build !amd64

package inflate

// inTurns tells that there is no loop over several streams for this machine: pages are inflated one after the other.
const inTurns = false

func (p *Pair) turns() error { panic("inflate: no loop over two streams") }
func (p *Pair) three() error { panic("inflate: no loop over three streams") }
