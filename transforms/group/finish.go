package group

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"

	"tripstats/transforms/query"
)

// Finish turns a state into its finished form, in which each group has the values of its aggregates, and groups that HAVING drops are only
// counted. Nothing can be merged into these groups any more.
func Finish(q *query.Query, state []byte) ([]byte, error) {
	f := newFinisher(q)
	var h header
	in, err := h.open(state)
	if err != nil {
		return nil, err
	}
	if err := f.accepts(&h); err != nil {
		return nil, err
	}
	w := finishedWriter{f: f, dropped: h.dropped}
	f.whole = true
	err = each(in, next, func(g record) error {
		if err := f.read(&g, h.Finished); err != nil {
			return err
		}
		return w.add(g.key)
	})
	if err != nil {
		return nil, err
	}
	return finishedState([]finishedWriter{w}, h.Filtered, h.Counted), nil
}

// finishedWriter writes a finished state.
type finishedWriter struct {
	f            *finisher
	groups, body []byte
	written      int64 // groups
	dropped      int64 // rows
}

// add adds the group that the finisher has, unless HAVING drops it.
func (w *finishedWriter) add(key []byte) error {
	keep, err := w.f.having()
	if err != nil {
		return err
	}
	if !keep {
		w.dropped += w.f.rows
		return nil
	}
	w.body = binary.AppendUvarint(w.body[:0], uint64(w.f.rows))
	for i, v := range w.f.group.Aggregates {
		w.body = appendValue(w.body, w.f.q.Aggregates[i].Type, v)
	}
	w.groups = appendRecord(w.groups, key, w.body, nil)
	w.written++
	return nil
}

// finishedState returns the state of what writers have, one after the other.
func finishedState(writers []finishedWriter, filtered, counted int64) []byte {
	f, size := writers[0].f, 0
	h := header{keys: len(f.q.Keys), forms: f.finished}
	h.Filtered, h.Counted, h.Finished = filtered, counted, true
	for i := range writers {
		h.dropped += writers[i].dropped
		h.Groups += writers[i].written
		size += len(writers[i].groups)
	}
	b := h.append(make([]byte, 0, size+64))
	for i := range writers {
		b = append(b, writers[i].groups...)
	}
	return b
}

// finisher reads groups of a query, finished or not, as values. It keeps its memory from group to group.
type finisher struct {
	q        *query.Query
	plan     *plan
	forms    []form // of the parts
	finished []form // of the aggregates
	group    query.Group
	rows     int64
	leaf     query.Leaf

	keysLater bool   // keys are read when they are needed
	written   []byte // the keys of the group as they are written
	limit     *limit // HAVING, if it is simple enough for a limit; otherwise nil
	// limited is the aggregate that limit compares, and limitedPart the part from which it is made. This aggregate is made first, and the others only
	// if HAVING keeps the group. Both are -1 if limit compares no aggregate, or if an aggregate can have an error.
	limited, limitedPart int
	whole                bool // whole sets are read, not only what the bodies of groups have of them

	values []partValue // of the parts
}

// partValue is what a part of a group holds.
type partValue struct {
	count  int64
	total  *big.Int
	floats floats
	value  query.Value

	// Of a set.
	different int64 // how many different values it has
	at        set   // the values of its marks
	set       set   // all values, if whole is true
	whole     bool
}

func newFinisher(q *query.Query) *finisher {
	if !q.Grouped {
		q = asGroups(q)
	}
	f := &finisher{q: q, plan: planOf(q)}
	f.forms = f.plan.forms()
	for _, a := range q.Aggregates {
		f.finished = append(f.finished, form{kind: value, class: classOf(a.Type)})
	}
	f.values = make([]partValue, len(f.forms))
	f.group = query.Group{Keys: make([]query.Value, len(q.Keys)), Aggregates: make([]query.Value, len(q.Aggregates))}
	f.leaf = func(e *query.Expr) (query.Value, error) {
		if e.Op == query.KeyRef {
			if f.keysLater {
				if err := f.readKeys(f.written); err != nil {
					return query.Value{}, err
				}
			}
			return f.group.Keys[e.Index], nil
		}
		return f.group.Aggregates[e.Index], nil
	}
	if !q.Grouped {
		f.leaf = f.listLeaf
	}
	f.limit, f.limited, f.limitedPart = limitOf(q.Having), -1, -1
	if f.limit != nil && f.limit.of.Op == query.AggregateRef && f.noErrors() {
		f.limited = f.limit.of.Index
		f.limitedPart = f.plan.of[f.limited].part
	}
	for _, p := range f.plan.parts {
		f.whole = f.whole || p.whole
	}
	return f
}

// accepts tells whether a state is the query's.
func (f *finisher) accepts(h *header) error {
	own := header{keys: len(f.q.Keys), forms: f.forms}
	if own.Finished = h.Finished; h.Finished {
		own.forms = f.finished
	}
	return own.like(h)
}

// read reads a group.
func (f *finisher) read(g *record, finished bool) error {
	if f.keysLater {
		f.written = g.key
	} else if err := f.readKeys(g.key); err != nil {
		return err
	}
	r := readerOf(g)
	f.rows = r.rows
	if finished {
		for i := range f.q.Aggregates {
			f.group.Aggregates[i] = readValue(&r.reader, f.q.Aggregates[i].Type)
		}
	} else {
		for i := range f.plan.parts {
			f.values[i].read(&r, &f.plan.parts[i], f.whole)
		}
	}
	if !f.whole {
		r.tail = reader{}
	}
	if r.broken() {
		return errBroken
	}
	if finished {
		return nil
	}
	return f.finish()
}

func (f *finisher) readKeys(rest []byte) error {
	for i, k := range f.q.Keys {
		c := classOf(k.Type)
		n := c.length(rest)
		if n == 0 {
			return errBroken
		}
		if last := &f.group.Keys[i]; c != text || last.IsNull || !isText(rest[:n], last.Text) { // consecutive groups often have the same text
			var ok bool
			if *last, ok = valueOf(k.Type, rest[:n]); !ok {
				return errBroken
			}
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return errBroken
	}
	return nil
}

// finish makes the aggregates of the parts, unless HAVING drops the group.
func (f *finisher) finish() error {
	if f.drops() {
		return nil
	}
	return f.makeAggregates()
}

func (f *finisher) makeAggregates() error {
	for i := range f.q.Aggregates {
		v, err := f.aggregate(i)
		if err != nil {
			return f.fail(f.columnOf(i), err)
		}
		f.group.Aggregates[i] = v
	}
	return nil
}

// drops makes the aggregate that limit compares, and tells whether HAVING drops the group because of its value. It returns false if limited is -1:
// then all aggregates must be made first.
func (f *finisher) drops() bool {
	if f.limited < 0 {
		return false
	}
	v, err := f.aggregate(f.limited)
	f.group.Aggregates[f.limited] = v
	return err == nil && (v.IsNull || !f.limit.keeps(v.Int))
}

// limitsCount tells whether limit compares a count of trips, so that drops needs no other value of the part.
func (f *finisher) limitsCount() bool {
	a := &f.q.Aggregates[f.limited]
	return kindOf(a) == ofCount && !a.Distinct
}

func (f *finisher) having() (bool, error) {
	if f.q.Having == nil {
		return true, nil
	}
	if l := f.limit; l != nil {
		v, err := f.leaf(l.of)
		return !v.IsNull && l.keeps(v.Int), err
	}
	v, err := f.q.Having.Eval(f.leaf)
	if err != nil {
		return false, f.fail("HAVING", err)
	}
	return v.True(), nil
}

// fail names the column and the group of an error, or the trip and the column. Whoever has the table names it.
func (f *finisher) fail(column string, err error) error {
	if f.keysLater {
		if err := f.readKeys(f.written); err != nil {
			return err
		}
	}
	if !f.q.Grouped {
		return fmt.Errorf("%s: row %d of the file: %s: %w", f.group.Keys[0].Text, f.group.Keys[1].Int, column, err)
	}
	where := column
	var keys []string
	for i, k := range f.q.Keys {
		keys = append(keys, k.Type.Format(f.group.Keys[i]))
	}
	if len(keys) > 0 {
		where += ", group " + strings.Join(keys, ", ")
	}
	return fmt.Errorf("%s: %w", where, err)
}

// columnOf names the first column that an aggregate is in.
func (f *finisher) columnOf(aggregate int) string {
	for _, c := range f.q.Columns {
		if uses(c.Expr, query.AggregateRef, aggregate) {
			return c.Name
		}
	}
	return f.q.Aggregates[aggregate].Func.Name
}

func uses(e *query.Expr, op query.Op, index int) bool {
	if e.Op == op && e.Index == index {
		return true
	}
	for _, a := range e.Args {
		if uses(a, op, index) {
			return true
		}
	}
	return false
}

func readValue(r *reader, t query.Type) query.Value {
	v, ok := valueOf(t, r.value(classOf(t)))
	if !ok {
		r.fail()
	}
	return v
}

// read reads a part of a group. If whole is false, it reads only what the body of the group has of a set.
func (v *partValue) read(r *groupReader, p *part, whole bool) {
	switch p.form.kind {
	case count:
		if v.count = r.rows - r.number(); v.count < 0 {
			r.fail()
		}
	case sum:
		v.count = r.number()
		b := r.value(exact)
		if b[0] == absent {
			r.fail()
			return
		}
		v.total = bigOf(b)
	case floatSum:
		v.floats = readFloats(&r.reader)
		v.count = v.floats.count
	case least, most:
		v.value = readValue(&r.reader, p.arg.Type)
	case leastBy, mostBy:
		r.value(p.form.by)
		v.value = readValue(&r.reader, p.arg.Type)
	case valueSet:
		var head setHead
		head.read(r, p.form.class, p.marks, &v.at)
		v.count, v.different, v.whole = head.total, int64(head.n), whole
		if whole {
			v.set.read(r, &head, p.form.class)
			if !r.short && !v.set.hasAt(&v.at, p.marks, head.total) {
				r.fail()
			}
		}
	}
}

// aggregate returns the value of an aggregate of the group.
func (f *finisher) aggregate(i int) (query.Value, error) {
	a, from := &f.q.Aggregates[i], &f.plan.of[i]
	v := &f.values[from.part]
	switch kindOf(a) {
	case ofCount:
		if a.Distinct {
			return v.distinct(from)
		}
		return query.Value{Int: v.count}, nil
	case ofSum:
		return v.sum(a)
	case ofPair:
		return v.value, nil
	case ofEnd:
		if f.forms[from.part].kind != valueSet {
			return from.value(v.value)
		}
		if v.count == 0 {
			return query.Value{IsNull: true}, nil
		}
		return v.marked(from, false)
	}
	if v.count == 0 {
		return query.Value{IsNull: true}, nil
	}
	return v.quantile(a, from)
}

// sum returns a sum or an average.
func (v *partValue) sum(a *query.Aggregate) (query.Value, error) {
	t, averages := a.Args[0].Type, a.Func.Name == "avg"
	switch {
	case v.count == 0:
		return query.Value{IsNull: true}, nil
	case t.Kind == query.Double && averages:
		return query.Value{Float: v.floats.by(v.count)}, nil
	case t.Kind == query.Double:
		return query.Value{Float: v.floats.by(1)}, nil
	case averages:
		return query.Value{Float: average(t, v.total, v.count)}, nil
	}
	return a.Type.FromExact(v.total)
}

// at returns a value of a set by its index.
func (s *set) at(from *source, i int) (query.Value, error) {
	if s.listed {
		v, ok := valueOf(from.inner, s.keys[i])
		if !ok {
			return v, errBroken
		}
		return from.value(v)
	}
	switch from.inner.Kind {
	case query.Double:
		return from.value(query.Value{Float: orderFloat(s.values[i])})
	case query.Decimal, query.HugeInt:
		return from.value(query.Value{Big: big.NewInt(s.values[i])})
	}
	return from.value(query.Value{Int: s.values[i]})
}

// distinct counts the different values. apply may have the same result for several values of the set.
func (v *partValue) distinct(from *source) (query.Value, error) {
	if from.apply == nil {
		return query.Value{Int: v.different}, nil
	}
	var last query.Value
	different := int64(0)
	for i := range v.set.counts {
		x, err := v.set.at(from, i)
		if err != nil {
			return x, err
		}
		if i == 0 || x.Float != last.Float {
			different++
		}
		last = x
	}
	return query.Value{Int: different}, nil
}

// marked returns the value at a mark. If the mark may be between two values, it returns the first of them, or the second if second is true.
func (v *partValue) marked(from *source, second bool) (query.Value, error) {
	if v.whole {
		low, high := from.mark.places(v.count)
		if second {
			low = high
		}
		return v.set.at(from, v.set.find(low))
	}
	at := from.at
	if second {
		at++
	}
	return v.at.at(from, at)
}

func (v *partValue) quantile(a *query.Aggregate, from *source) (query.Value, error) {
	low, err := v.marked(from, false)
	if err != nil || !from.mark.between {
		return low, err
	}
	place := from.mark.place(v.count)
	if place == math.Floor(place) {
		return a.Args[0].Type.Convert(a.Type, low)
	}
	high, err := v.marked(from, true)
	if err != nil {
		return high, err
	}
	return a.Args[0].Type.Between(a.Type, low, high, place-math.Floor(place))
}
