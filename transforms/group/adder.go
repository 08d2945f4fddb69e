package group

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"

	"tripstats/transforms/query"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

// Adder adds up the trips of a grouped query. It keeps its memory from batch to batch, and is for one goroutine.
type Adder struct {
	addingTo
	q         *query.Query
	maxGroups int64
	plan      *plan
	used      []*query.Expr // the keys and what parts read
	fields    []trip.Field

	counted int64
	holds   bool // the adder has groups, so it uses the codes of its keys

	keys      grouper
	texts     texts
	counts    []int64 // of rows, by group
	parts     []*adding
	finishers []*finishing
}

// NewAdder returns an adder of a query that is Grouped. More than maxGroups groups are an error.
func NewAdder(q *query.Query, maxGroups int64) *Adder {
	return new(Together).NewAdder(0, q, maxGroups)
}

// newAdder returns an adder. It adds the expressions that it needs to exprs. If shared is not nil, the adder's keys are shared ones.
func newAdder(q *query.Query, maxGroups int64, exprs *expressions, shared *Keys) *Adder {
	a := &Adder{q: q, maxGroups: maxGroups, plan: planOf(q), used: slices.Clone(q.Keys)}
	vector := func(e *query.Expr) int {
		if e == nil {
			return -1
		}
		a.used = append(a.used, e)
		return exprs.index(e)
	}
	var keys []*key
	for _, k := range q.Keys {
		if number := exprs.index(k); shared != nil {
			keys = append(keys, shared.key(k, number))
		} else {
			keys = append(keys, newKey(k, -1))
		}
	}
	a.keys.init(keys)
	for i, k := range q.Keys {
		a.keys.vectors[i] = exprs.index(k)
	}
	for i := range a.plan.parts {
		p := &a.plan.parts[i]
		a.parts = append(a.parts, newAdding(p, vector(p.arg), vector(p.by), vector(p.filter), &a.texts))
	}
	a.fields = fieldsOf(q, a.used)
	return a
}

// expressions are different expressions.
type expressions []*query.Expr

// index returns the place of an expression. It adds the expression if it is not there.
func (l *expressions) index(e *query.Expr) int {
	if i := slices.IndexFunc(*l, e.Same); i >= 0 {
		return i
	}
	*l = append(*l, e)
	return len(*l) - 1
}

// Fields are the columns of trips that Add reads, ascending.
func (a *Adder) Fields() []trip.Field { return a.fields }

// Reset forgets what was added, and keeps memory for what comes next.
func (a *Adder) Reset() {
	a.filtered, a.counted = 0, 0
	a.counts = a.counts[:0]
	if a.holds {
		for _, k := range a.keys.keys {
			k.leave()
		}
	}
	a.holds = false
	a.keys.reset()
	for _, p := range a.parts {
		p.reset()
	}
}

// Bytes is the memory that the adder holds, about.
func (a *Adder) Bytes() int64 {
	n := int64(cap(a.counts))*8 + a.keys.bytes() + a.texts.bytes()
	for _, p := range a.parts {
		n += p.bytes()
	}
	for _, f := range a.finishers {
		n += f.bytes()
	}
	return n
}

// Add adds the trips of a batch that no rule refuses, for an adder that was made by [NewAdder]. An error names the row; it has no exit code.
func (a *Adder) Add(b *trip.Batch) error {
	if err := a.alone(b); err != nil {
		return err
	}
	return a.AddFrom(0, b)
}

// AddFrom is Add for a batch that [Together.Compute] has computed in the place with the number at.
func (a *Adder) AddFrom(at int, b *trip.Batch) error {
	_, rows, err := a.rows(at, b)
	if err != nil || rows.count == 0 {
		return err
	}
	n := rows.n
	a.counted += int64(rows.count)
	s := a.together.scratches.take(len(a.keys.keys))
	defer a.together.scratches.put(s)
	if cap(s.ids) < n {
		s.ids = make([]uint32, n)
	}
	ids := s.ids[:n]
	a.findCodes(at, rows.values, n, s)
	one := a.keys.find(ids, rows.mask)
	if groups := a.keys.groups; int64(groups) > a.maxGroups {
		return &TooMany{a.maxGroups}
	}
	a.countRows(ids, one, &rows, s)
	s.isChosen = false
	for _, p := range a.parts {
		p.scratch = s
		p.add(&rows, ids, one, a.keys.groups)
		p.scratch = nil
	}
	return nil
}

// countRows adds the rows of a selection to the counts of their groups.
func (a *Adder) countRows(ids []uint32, one bool, rows *selection, s *scratch) {
	a.counts = grown(a.counts, a.keys.groups, 0)
	if one {
		a.counts[ids[0]] += int64(rows.count)
		return
	}
	countRows(&s.counts, a.counts, ids)
	if rows.mask != nil {
		addZeros(a.counts, -1, nil, rows.mask, ids)
	}
}

// findCodes finds the codes that the keys have in the rows of a batch.
func (a *Adder) findCodes(at int, values vectors, n int, s *scratch) {
	g := &a.keys
	for i, k := range g.keys {
		if !a.holds {
			k.use()
		}
		if k.number >= 0 {
			g.lists[i] = a.together.places[at].codesOf(k, n)
			continue
		}
		g.lists[i] = s.lists[i]
		k.codes.of(values.Vector(g.vectors[i]), g.lists[i], n)
	}
	a.holds = true
}

// TooMany is the error of an adder with more groups than it may have.
type TooMany struct{ Most int64 }

func (e *TooMany) Error() string {
	return fmt.Sprintf("found more than %d groups at once, expected at most as many; give a larger --max-groups, group by coarser keys, or leave trips out with WHERE", e.Most)
}

// State returns what was added since the last Reset. It uses all cores if there are many groups.
func (a *Adder) State() ([]byte, error) {
	order, written := a.keys.sorted()
	h := header{keys: len(a.q.Keys), forms: a.plan.forms()}
	h.Filtered, h.Counted, h.Groups = a.filtered, a.counted, int64(len(order))
	pieces := a.pieces(len(order))
	cuts := make([]int, pieces+1)
	for i := range cuts {
		cuts[i] = len(order) * i / pieces
	}
	if h.chunked = len(order) >= chunkedGroups; h.chunked {
		order, cuts = a.keys.byShard(order, written)
	}
	for _, p := range a.parts {
		p.close(order)
	}
	outs := make([][]byte, len(cuts))
	outs[0] = h.append(nil)
	err := sidebyside.Do(len(cuts)-1, func(i int) error {
		f := a.together.fillers.take()
		defer a.together.fillers.put(f)
		if groups := order[cuts[i]:cuts[i+1]]; h.chunked {
			outs[1+i] = a.appendChunks(f, uint32(i), groups, written)
		} else {
			outs[1+i] = a.appendGroups(f, groups, written)
		}
		return nil
	})
	return slices.Concat(outs...), err
}

// appendGroups writes groups as they are in a plain state.
func (a *Adder) appendGroups(f *filler, groups []uint32, written [][][]byte) (out []byte) {
	const sample = 1 << 8 // how many groups the size of all groups is estimated from
	var key, body, tail []byte
	for i, g := range groups {
		if i == sample {
			out = slices.Grow(out, len(out)/sample*(len(groups)-sample)*17/16)
		}
		key = a.keys.appendKey(key[:0], g, written)
		body, tail = a.appendGroup(f, body[:0], tail[:0], g)
		out = appendRecord(out, key, body, tail)
	}
	return out
}

// appendGroup appends the body and the tail of a group.
func (a *Adder) appendGroup(f *filler, body, tail []byte, g uint32) (_, _ []byte) {
	body = binary.AppendUvarint(body, uint64(a.counts[g]))
	for _, p := range a.parts {
		body, tail = p.append(f, body, tail, g, a.counts[g])
	}
	return body, tail
}

// appendChunks writes the groups of a shard in chunks.
func (a *Adder) appendChunks(f *filler, shard uint32, groups []uint32, written [][][]byte) (out []byte) {
	c := coders.Get().(*coder)
	defer coders.Put(c)
	w := &c.chunk
	w.begin()
	for _, g := range groups {
		c.key = a.keys.appendKey(c.key[:0], g, written)
		w.bodies, w.tails = a.appendGroup(f, w.bodies, w.tails, g)
		if len(w.order) > 0 && w.sizeWith(c.key) > blockBytes {
			body, tail := slices.Clone(w.bodies[w.body:]), slices.Clone(w.tails[w.starts[len(w.order)]:])
			out = w.append(out, shard, nil)
			w.begin()
			w.bodies, w.tails = append(w.bodies, body...), append(w.tails, tail...)
		}
		w.add(c.key, a.counts[g])
	}
	if len(w.order) > 0 {
		out = w.append(out, shard, nil)
	}
	return out
}

// fewGroups are written or finished by one goroutine.
const fewGroups = 256

// pieces returns into how many pieces groups are cut. Goroutines process the pieces side by side. There are more pieces than goroutines, because some
// groups have far more values than others.
func (a *Adder) pieces(groups int) int {
	const each = 4
	pieces := 1
	if cores := runtime.GOMAXPROCS(0); cores > 1 {
		pieces = max(1, min(groups/fewGroups, each*cores))
	}
	return pieces
}

// Finished returns what [Finish] makes of the result of State, but does not write a state first. It uses all cores if there are many groups.
func (a *Adder) Finished() ([]byte, error) {
	order, written := a.keys.sorted()
	for _, p := range a.parts {
		p.close(order)
	}
	pieces := a.pieces(len(order))
	for len(a.finishers) < pieces {
		a.finishers = append(a.finishers, &finishing{finisher: newFinisher(a.q)})
	}
	writers := make([]finishedWriter, pieces)
	err := sidebyside.Do(pieces, func(i int) error {
		f := a.together.fillers.take()
		defer a.together.fillers.put(f)
		writers[i].f = a.finishers[i].finisher
		return a.finish(f, a.finishers[i], &writers[i], order[len(order)*i/pieces:len(order)*(i+1)/pieces], written)
	})
	if err != nil {
		return nil, err
	}
	return finishedState(writers, a.filtered, a.counted), nil
}

// finishing is the memory of a goroutine that finishes groups.
type finishing struct {
	*finisher
	key []byte
}

func (f *finishing) bytes() int64 {
	n := int64(cap(f.key))
	for i := range f.values {
		n += f.values[i].set.bytes()
	}
	return n
}

// finish finishes some groups.
func (a *Adder) finish(memory *filler, f *finishing, w *finishedWriter, groups []uint32, written [][][]byte) error {
	for _, g := range groups {
		f.rows = a.counts[g]
		known := -1 // the part whose value HAVING needed
		switch part := f.limitedPart; {
		case part < 0:
		case f.limitsCount():
			f.values[part].count = a.parts[part].counted(g, f.rows)
		default:
			if err := a.parts[part].value(memory, &f.values[part], g, f.rows); err != nil {
				return err
			}
			known = part
		}
		if f.drops() {
			w.dropped += f.rows
			continue
		}
		f.key = a.keys.appendKey(f.key[:0], g, written)
		if err := f.readKeys(f.key); err != nil {
			return err
		}
		for i, p := range a.parts {
			if i == known {
				continue
			}
			if err := p.value(memory, &f.values[i], g, f.rows); err != nil {
				return err
			}
		}
		if err := f.makeAggregates(); err != nil {
			return err
		}
		if err := w.add(f.key); err != nil {
			return err
		}
	}
	return nil
}

// grown returns a slice with at least n elements. New elements are v.
func grown[T any](s []T, n int, v T) []T {
	if n <= len(s) {
		return s
	}
	s = slices.Grow(s, n-len(s))
	for len(s) < n {
		s = append(s, v)
	}
	return s
}
