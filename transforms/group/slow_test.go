package group

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"strings"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// slowAdder is an Adder that goes row by row.
type slowAdder struct {
	q         *query.Query
	maxGroups int64
	plan      *plan
	where     *compute.Program
	values    *compute.Program // the keys, then the arguments and filters of parts
	filtered  int64
	counted   int64
	groups    map[string]*cells
}

// cells is a group.
type cells struct {
	rows  int64
	parts []cell
}

type cell struct {
	count  int64
	total  big.Int
	floats floats
	by     []byte
	value  []byte
	set    map[string]int64
}

func newSlowAdder(q *query.Query, maxGroups int64) *slowAdder {
	a := &slowAdder{q: q, maxGroups: maxGroups, plan: planOf(q)}
	var where []*query.Expr
	if q.Where != nil {
		where = append(where, q.Where)
	}
	a.where = compute.Compile(where)
	exprs := slices.Clone(q.Keys)
	for _, p := range a.plan.parts {
		for _, e := range []*query.Expr{p.arg, p.by, p.filter} {
			if e != nil {
				exprs = append(exprs, e)
			}
		}
	}
	a.values = compute.Compile(exprs)
	a.Reset()
	return a
}

// Reset forgets what was added, and keeps memory for what comes next.
func (a *slowAdder) Reset() { a.filtered, a.counted, a.groups = 0, 0, map[string]*cells{} }

// Add adds the trips of a batch that no rule refuses.
func (a *slowAdder) Add(b *trip.Batch) error {
	var rows []int32
	start := 0
	for _, m := range b.Months {
		for i := start; i < m.End && !m.Refused; i++ {
			rows = append(rows, int32(i))
		}
		start = m.End
	}
	if len(rows) == 0 {
		return nil
	}
	if a.q.Where != nil {
		if err := a.where.Run(b, rows); err != nil {
			return err
		}
		kept := rows[:0:0]
		for i, r := range rows {
			if a.where.Vector(0).Value(i).True() {
				kept = append(kept, r)
			}
		}
		a.filtered += int64(len(rows) - len(kept))
		rows = kept
	}
	if len(rows) == 0 {
		return nil
	}
	if err := a.values.Run(b, rows); err != nil {
		return err
	}
	a.counted += int64(len(rows))
	for i := range rows {
		var key []byte
		for k, e := range a.q.Keys {
			key = appendValue(key, e.Type, a.values.Vector(k).Value(i))
		}
		g := a.groups[string(key)]
		if g == nil {
			if int64(len(a.groups)) >= a.maxGroups {
				return errors.New("too many groups")
			}
			g = &cells{parts: make([]cell, len(a.plan.parts))}
			a.groups[string(key)] = g
		}
		g.rows++
		at := len(a.q.Keys)
		take := func(e *query.Expr) query.Value {
			at++
			return a.values.Vector(at - 1).Value(i)
		}
		for j := range g.parts {
			g.parts[j].add(&a.plan.parts[j], take)
		}
	}
	return nil
}

func (c *cell) add(p *part, take func(*query.Expr) query.Value) {
	var v, by query.Value
	if p.arg != nil {
		v = take(p.arg)
	}
	if p.by != nil {
		by = take(p.by)
	}
	if p.filter != nil && !take(p.filter).True() || v.IsNull || by.IsNull {
		return
	}
	c.count++
	switch p.form.kind {
	case sum:
		c.total.Add(&c.total, p.arg.Type.Exact(v))
	case floatSum:
		if noteFloat(&c.floats.flags, v.Float) && v.Float != 0 {
			m, e := new(big.Float).SetFloat64(v.Float), 0
			e = m.MantExp(m) - 53
			m.SetMantExp(m, 53)
			i, _ := m.Int(nil)
			c.floats.addScaled(i, e)
		}
	case least, most:
		x := appendValue(nil, p.arg.Type, v)
		if c.value != nil {
			x = better(p.form.kind == most, c.value, x)
		}
		c.value = x
	case leastBy, mostBy:
		x, y := appendValue(nil, p.by.Type, by), appendValue(nil, p.arg.Type, v)
		if c.by == nil || (string(x) < string(c.by)) == (p.form.kind == leastBy) && string(x) != string(c.by) {
			c.by, c.value = x, y
		} else if string(x) == string(c.by) {
			c.value = better(false, c.value, y)
		}
	case valueSet:
		if c.set == nil {
			c.set = map[string]int64{}
		}
		c.set[string(appendValue(nil, p.arg.Type, v))]++
	}
}

// append appends the part of a group with so many trips to its body and its tail.
func (c *cell) append(b, tail []byte, p *part, rows int64) (_, _ []byte) {
	if p.form.kind == valueSet {
		var s set
		s.listed = true
		for k := range c.set {
			s.keys = append(s.keys, []byte(k))
		}
		slices.SortFunc(s.keys, bytes.Compare)
		for _, k := range s.keys {
			s.counts = append(s.counts, c.set[string(k)])
		}
		return s.append(b, tail, p.form.class, p.marks, rows)
	}
	return c.appendBody(b, p.form, rows), tail
}

func (c *cell) appendBody(b []byte, f form, rows int64) []byte {
	switch f.kind {
	case count:
		return binary.AppendUvarint(b, uint64(rows-c.count))
	case sum:
		return appendBig(binary.AppendUvarint(b, uint64(c.count)), &c.total)
	case floatSum:
		c.floats.count = c.count
		return c.floats.append(b)
	case least, most:
		if c.value == nil {
			return append(b, absent)
		}
		return append(b, c.value...)
	case leastBy, mostBy:
		if c.by == nil {
			return append(b, absent, absent)
		}
		return append(append(b, c.by...), c.value...)
	}
	panic("no such kind")
}

// State returns what was added since the last Reset.
func (a *slowAdder) State() ([]byte, error) {
	keys := make([]string, 0, len(a.groups))
	for k := range a.groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	h := header{keys: len(a.q.Keys), forms: a.plan.forms()}
	h.Filtered, h.Counted, h.Groups = a.filtered, a.counted, int64(len(keys))
	out := h.append(nil)
	for _, k := range keys {
		g := a.groups[k]
		body, tail := binary.AppendUvarint(nil, uint64(g.rows)), []byte(nil)
		for j := range g.parts {
			body, tail = g.parts[j].append(body, tail, &a.plan.parts[j], g.rows)
		}
		out = appendRecord(out, []byte(k), body, tail)
	}
	return out, nil
}
