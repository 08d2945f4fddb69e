package group

import (
	"bytes"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/query"
)

// coded has the codes that a key has in the rows of a batch. If consecutive rows nearly always have the same code, such as that of their month,
// the codes are runs. Otherwise they are a list with a code for each row.
type coded struct {
	runs  []codeRun
	list  []uint32
	count int   // larger than any code
	bytes int64 // how much memory the codes of the key take

	ends []int // memory
}

// codeRun is consecutive rows with the same code, from the end of the run before to end.
type codeRun struct {
	code uint32
	end  int
}

// rowsInRun is the least average number of rows in the runs of a batch. If runs would be shorter on average, the codes are a list.
const rowsInRun = 128

// room returns the list, with room for n rows.
func (c *coded) room(n int) []uint32 {
	c.list = slices.Grow(c.list[:0], n)[:n]
	return c.list
}

// endsOf returns where runs of equal values end, or nil if there are too many runs. It may use memory.
func endsOf[T int64 | uint32](list []T, memory *[]int) []int {
	ends, most := (*memory)[:0], len(list)/rowsInRun
	for i := 1; i < len(list); i++ {
		if i%rowsInRun == 1 {
			for i+rowsInRun <= len(list) && equal(list[i-1:i-1+rowsInRun], list[i:i+rowsInRun]) {
				i += rowsInRun
			}
			if i == len(list) {
				break
			}
		}
		if list[i] != list[i-1] {
			if len(ends) >= most {
				*memory = ends
				return nil
			}
			ends = append(ends, i)
		}
	}
	*memory = append(ends, len(list))
	return *memory
}

// equal tells whether two slices of the same length have equal elements. It compares bytes, which is faster than comparing elements.
func equal[T int64 | uint32](a, b []T) bool { return bytes.Equal(arrow.GetBytes(a), arrow.GetBytes(b)) }

// Keys has the keys of the adders of one source. Adders with the same key share it, so its codes are found only once for each batch.
type Keys struct {
	together *Together
	shared   map[int]*key // by the number of the expression in Together.exprs
}

// key has the codes of a key of one source. Several adders may use it at the same time.
type key struct {
	codes

	mu         sync.Mutex
	number     int // of the expression that is shared; -1 if only one adder has the key
	users      int // how many adders have groups that use the codes
	generation int // how often the codes were reset
}

// placedCodes has the codes of a key in the batch of a place.
type placedCodes struct {
	coded

	mu         sync.Mutex
	of         *key // nil if the codes are not found yet
	generation int  // the generation of the key when the codes were found
}

// NewKeys returns the keys of a source.
func (t *Together) NewKeys() *Keys { return &Keys{together: t, shared: map[int]*key{}} }

// NewLister is [Together.NewLister]. A lister has no keys.
func (s *Keys) NewLister(number int, q *query.Query) *Lister { return s.together.NewLister(number, q) }

func newKey(e *query.Expr, number int) *key {
	k := &key{number: number, codes: codes{t: e.Type, texts: &texts{}}}
	k.codes.reset()
	return k
}

// key returns the key of a shared expression, and makes it if there is none.
func (s *Keys) key(e *query.Expr, number int) *key {
	k := s.shared[number]
	if k == nil {
		k = newKey(e, number)
		s.shared[number] = k
	}
	return k
}

// use is called before an adder makes its first group from the codes.
func (k *key) use() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.users++
}

// leave is called when an adder has dropped its groups. If no other adder has groups that use the codes, the codes are reset.
func (k *key) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users--; k.users == 0 {
		k.codes.reset()
		k.generation++
	}
}

// codesOf returns the codes of a shared key for the n visible rows of the batch in a place.
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
