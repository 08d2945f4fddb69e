package group

import "sync"

// scratch is memory that an adder needs while it adds a batch. Adders of all sources share it, so there is as much of it as batches are added
// at the same time.
type scratch struct {
	ids       []uint32 // the groups of the rows
	lists     []*coded // by key: the codes of the rows
	at        []int32  // the rows that count
	gathered  []uint32
	ints      []int64
	byInts    []int64
	memory    [2][]int64
	floatsOut []float64
	masked    []byte
	both      []byte
	counts    [fewCounted][4]uint32
}

// scratches are those that nobody uses.
type scratches struct {
	mu   sync.Mutex
	free []*scratch
}

func (s *scratches) take(keys int) *scratch {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := new(scratch)
	if n := len(s.free); n > 0 {
		one, s.free = s.free[n-1], s.free[:n-1]
	}
	for len(one.lists) < keys {
		one.lists = append(one.lists, new(coded))
	}
	return one
}

func (s *scratches) put(one *scratch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, one)
}
