package group

// numbers is a hash table from keys to numbers.
type numbers struct {
	slots []slot
	used  int
	shift uint
}

type slot struct {
	key    uint64
	number uint32
	taken  bool
}

const mix = 0x9e3779b97f4a7c15

func (n *numbers) reset() {
	if n.used > 0 {
		clear(n.slots)
	}
	n.used = 0
}

func (n *numbers) bytes() int64 { return int64(cap(n.slots)) * 16 }

func (n *numbers) find(key uint64) (uint32, bool) {
	if len(n.slots) == 0 {
		return 0, false
	}
	for i := key * mix >> n.shift; ; i++ {
		s := &n.slots[i&uint64(len(n.slots)-1)]
		if !s.taken {
			return 0, false
		}
		if s.key == key {
			return s.number, true
		}
	}
}

// put adds a key that is not there.
func (n *numbers) put(key uint64, number uint32) {
	if n.used*2 >= len(n.slots) {
		n.grow()
	}
	n.used++
	n.place(slot{key, number, true})
}

func (n *numbers) place(s slot) {
	for i := s.key * mix >> n.shift; ; i++ {
		at := &n.slots[i&uint64(len(n.slots)-1)]
		if !at.taken {
			*at = s
			return
		}
	}
}

func (n *numbers) grow() {
	old := n.slots
	n.slots = make([]slot, max(64, 2*len(old)))
	for n.shift = 64; 1<<(64-n.shift) < len(n.slots); n.shift-- {
	}
	for _, s := range old {
		if s.taken {
			n.place(s)
		}
	}
}
