package group

import "sync"

// scratch is memory that an adder needs while it adds a batch. Adders of all sources share it, so there is as much of it as batches are added
// at the same time.
type scratch struct {
	ids       []uint32 // the groups of the rows
	lists     []*coded // by key: the codes of the rows
	chosen    picked   // the rows that the last mask has chosen
	isChosen  bool     // chosen and gathered are those of the selection's mask
	gathered  []uint32 // the groups of the chosen rows
	ints      []int64
	byInts    []int64
	memory    [2][]int64
	floatsOut []float64
	masked    []byte
	both      []byte
	counts    chained
}

// scratches is a pool of scratches.
type scratches struct{ pool[scratch] }

// fillers is a pool that adders of all sources share. So there are only as many fillers as goroutines that write groups at the same time.
type fillers struct{ pool[filler] }

// mostFiller is the size of the largest filler that is used again. Nobody counts the memory of this pool, and few groups need more.
const mostFiller = 8 << 20

func (p *fillers) put(f *filler) {
	if f.bytes() <= mostFiller {
		p.pool.put(f)
	}
}

// pool holds values that nobody uses, so that they are used again.
type pool[T any] struct {
	mu   sync.Mutex
	free []*T
}

func (p *pool[T]) take() *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return new(T)
	}
	one := p.free[n-1]
	p.free = p.free[:n-1]
	return one
}

func (p *pool[T]) put(one *T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, one)
}

func (s *scratches) take(keys int) *scratch {
	one := s.pool.take()
	for len(one.lists) < keys {
		one.lists = append(one.lists, new(coded))
	}
	return one
}
