package group

import (
	"slices"
	"sync"

	"tripstats/transforms/query"
)

// coded are the codes that a key has in the rows of a batch. If rows that follow one another nearly always have the same code, such as that of
// their month, they are runs; otherwise each row has its own in the list.
type coded struct {
	runs  []codeRun
	list  []uint32
	count int   // more than any code
	bytes int64 // that the codes of all batches take

	ends []int // memory
}

// codeRun is rows with the same code, from the end of the run before to its own.
type codeRun struct {
	code uint32
	end  int
}

// rowsInRun is how many rows the runs of a batch have, on average and at the least.
const rowsInRun = 128

// room returns the list for so many rows.
func (c *coded) room(n int) []uint32 {
	c.list = slices.Grow(c.list[:0], n)[:n]
	return c.list
}

// endsOf returns where runs of equal values end, or nothing if there are too many.
func endsOf[T comparable](list []T, memory *[]int) []int {
	ends, most := (*memory)[:0], len(list)/rowsInRun
	last := list[0]
	for i, x := range list {
		if x != last {
			if last = x; len(ends) >= most {
				return nil
			}
			ends = append(ends, i)
		}
	}
	*memory = append(ends, len(list))
	return *memory
}

// Keys are the keys that adders of one source have alike. Each adder needs the codes of the values in each batch, which are found once.
type Keys struct {
	together *Together
	shared   map[int]*key // by the number of the expression in Together.exprs
}

// key has the codes of a key of one source. Several adders may use it at the same time.
type key struct {
	codes

	mu         sync.Mutex
	number     int // of the expression that is shared; -1 if the key is that of one adder
	users      int // adders that have groups by the codes
	generation int // counts how often the codes began again
}

// placedCodes are the codes of the batch in a place.
type placedCodes struct {
	coded

	mu         sync.Mutex
	of         *key // nil if there are none
	generation int  // that of the key
}

// NewKeys returns the keys of a source.
func (t *Together) NewKeys() *Keys { return &Keys{together: t, shared: map[int]*key{}} }

// NewLister is [Together.NewLister].
func (s *Keys) NewLister(number int, q *query.Query) *Lister { return s.together.NewLister(number, q) }

func newKey(e *query.Expr, number int) *key {
	k := &key{number: number, codes: codes{t: e.Type, texts: &texts{}}}
	k.codes.reset()
	return k
}

// key returns the key of a shared expression.
func (s *Keys) key(e *query.Expr, number int) *key {
	k := s.shared[number]
	if k == nil {
		k = newKey(e, number)
		s.shared[number] = k
	}
	return k
}

// use is called before an adder has groups by the codes.
func (k *key) use() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.users++
}

// leave is called when an adder has no more groups by the codes. If no other one has, the codes begin again.
func (k *key) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users--; k.users == 0 {
		k.codes.reset()
		k.generation++
	}
}

// codesOf returns the codes of a shared key in the batch in a place, which has n rows that count.
func (p *place) codesOf(k *key, n int) *coded {
	placed := p.coded[k.number]
	placed.mu.Lock()
	defer placed.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if placed.of != k || placed.generation != k.generation {
		k.codes.of(p.values.Vector(k.number), &placed.coded, n)
		placed.of, placed.generation = k, k.generation
	}
	return &placed.coded
}
