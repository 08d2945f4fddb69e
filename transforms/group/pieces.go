package group

import (
	"bytes"
	"runtime"
	"slices"
	"sort"

	"tripstats/transforms/query"
	"tripstats/transforms/sidebyside"
)

// The rows of many groups are made in pieces, side by side. A piece has the groups of all blocks whose keys lie between two keys. The pieces are put
// together in the order of the keys, so the table is the same as without pieces.

// groupsInPieces is the smallest number of groups that are cut into pieces.
const groupsInPieces = 1 << 13

// indexStep is the number of groups of a run from one key of its index to the next.
const indexStep = 64

// indexed is a run whose keys can be searched.
type indexed struct {
	*run
	keys  [][]byte // the keys of the groups whose numbers are multiples of indexStep
	rests [][]byte // by key in keys: the groups from that key on
	n     int
}

// index makes the index of a run. It is an error if the keys of its groups do not ascend.
func index(r *run) (*indexed, error) {
	x := &indexed{run: r}
	var before []byte
	for rest := r.rest; ; x.n++ {
		g, after, ok, err := next(rest)
		if err != nil || !ok {
			return x, err
		}
		if x.n > 0 && bytes.Compare(before, g.key) >= 0 {
			return nil, errNotAscending
		}
		if x.n%indexStep == 0 {
			x.keys, x.rests = append(x.keys, g.key), append(x.rests, rest)
		}
		before, rest = g.key, after
	}
}

// from returns the groups of a run from a key on, and how many groups come before them.
func (x *indexed) from(key []byte) (rest []byte, before int) {
	i := sort.Search(len(x.keys), func(i int) bool { return bytes.Compare(x.keys[i], key) > 0 })
	if i == 0 {
		return x.rest, 0
	}
	rest = x.rests[i-1]
	for before = (i - 1) * indexStep; ; before++ {
		g, after, ok, _ := next(rest) // no error: index has read this group
		if !ok || bytes.Compare(g.key, key) >= 0 {
			return rest, before
		}
		rest = after
	}
}

// cut divides runs into pieces. A piece may be empty. The keys of each piece are smaller than the keys of the next piece.
func cut(q *query.Query, runs []*run, pieces int) ([]*groups, error) {
	all := make([]*indexed, len(runs))
	if err := sidebyside.Do(len(runs), func(i int) (err error) {
		all[i], err = index(runs[i])
		return err
	}); err != nil {
		return nil, err
	}
	var keys [][]byte
	for _, x := range all {
		keys = append(keys, x.keys...)
	}
	slices.SortFunc(keys, bytes.Compare)
	list := make([]*groups, pieces)
	starts, counted := make([][]byte, len(all)), make([]int, len(all))
	for i, x := range all {
		starts[i] = x.rest
	}
	for p := range list {
		list[p] = &groups{finisher: newFinisher(q)}
		for i, x := range all {
			end, n := []byte(nil), x.n
			if p < pieces-1 {
				end, n = x.from(keys[len(keys)*(p+1)/pieces])
			}
			part := &run{header: x.header, rest: starts[i][:len(starts[i])-len(end)], chunk: x.chunk, at: counted[i]}
			list[p].most += n - counted[i]
			starts[i], counted[i] = end, n
			if err := list[p].push(part); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// rowsInPieces makes the table from the groups of runs, on all cores. It adds the number of trips of these groups to counted.
func rowsInPieces(q *query.Query, runs []*run, counted *int64) (*table, error) {
	pieces, err := cut(q, runs, 2*runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	parts := make([]*table, len(pieces))
	if err := sidebyside.Do(len(pieces), func(i int) error {
		parts[i] = newTable(q)
		parts[i].reserve(pieces[i].most)
		return parts[i].addRows(pieces[i])
	}); err != nil {
		return nil, err
	}
	whole := newTable(q)
	whole.parts = parts
	for i, t := range parts {
		*counted += pieces[i].counted
		for row, err := range t.errs {
			whole.errs[whole.rows+row] = err
		}
		whole.rows += t.rows
		whole.order = append(whole.order, t.order...)
		t.order, t.arena = nil, nil
	}
	return whole, nil
}

// take returns a column of the table and removes it from the table.
func (t *table) take(i int) column {
	if len(t.parts) == 0 {
		c := t.columns[i]
		t.columns[i] = column{}
		return c
	}
	whole := newColumn(t.q.Columns[i].Expr.Type)
	whole.reserve(t.rows)
	for _, p := range t.parts {
		whole.join(&p.columns[i])
		p.columns[i] = column{}
	}
	return whole
}

// join appends the values of another column to a column.
func (c *column) join(o *column) {
	if o.nulls != nil && c.nulls == nil {
		c.nulls = make([]bool, c.rows)
	}
	if c.nulls != nil {
		c.nulls = slices.Grow(c.nulls, o.rows)[:c.rows+o.rows]
		if clear(c.nulls[c.rows:]); o.nulls != nil {
			copy(c.nulls[c.rows:], o.nulls)
		}
	}
	c.rows += o.rows
	c.ints, c.floats, c.wide, c.bools = append(c.ints, o.ints...), append(c.floats, o.floats...), append(c.wide, o.wide...), append(c.bools, o.bools...)
	if c.t.Kind != query.Varchar {
		c.small = append(c.small, o.small...)
		return
	}
	codes := make([]int32, len(o.texts))
	for i, text := range o.texts {
		codes[i] = c.code(text)
	}
	for _, code := range o.small {
		c.small = append(c.small, codes[code])
	}
}
