package group

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/query"
	"tripstats/transforms/sidebyside"
)

// Rows makes the table of a query from all its blocks, and counts the trips of their groups, before HAVING. Blocks may be finished or not,
// and come in any order. The groups are read one at a time in the order of their keys, so that little more than the table itself is held
// in memory, unless the query has windows. A query without keys has its row even without blocks.
func Rows(q *query.Query, blocks [][]byte) (table arrow.RecordBatch, counted int64, err error) {
	in := &groups{finisher: newFinisher(q)}
	runs, err := in.open(blocks)
	if err != nil {
		return nil, 0, err
	}
	if len(q.Windows) == 0 && len(in.q.Keys) > 0 && in.most >= groupsInPieces && runtime.GOMAXPROCS(0) > 1 {
		out, err := rowsInPieces(q, runs, &in.counted)
		if err == nil {
			err = out.finish()
		}
		if err != nil {
			return nil, 0, err
		}
		return out.record(), in.counted, nil
	}
	out := newTable(q)
	out.reserve(in.most)
	if err := in.pushAll(runs); err != nil {
		return nil, 0, err
	}
	if len(q.Windows) > 0 {
		err = out.addAll(in)
	} else if err = out.addRows(in); err == nil {
		err = out.finish()
	}
	if err != nil {
		return nil, 0, err
	}
	return out.record(), in.counted, nil
}

// Schema is that of the table of a query. Every column can have nulls.
func Schema(q *query.Query) *arrow.Schema {
	fields := make([]arrow.Field, len(q.Columns))
	for i, c := range q.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Expr.Type), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// groups are the groups of many blocks, in the order of their keys.
type groups struct {
	*finisher
	heap    []*run
	counted int64
	most    int  // groups that there can be
	any     bool // a group was read
	key     []byte
	merger  [2]merger
}

func newGroups(q *query.Query, blocks [][]byte) (*groups, error) {
	g := &groups{finisher: newFinisher(q)}
	runs, err := g.open(blocks)
	if err == nil {
		err = g.pushAll(runs)
	}
	return g, err
}

// open reads the headers of blocks, and returns the blocks as runs.
func (g *groups) open(blocks [][]byte) (runs []*run, err error) {
	for _, b := range blocks {
		r := &run{}
		if err = r.open(b, g.whole); err != nil {
			return nil, err
		}
		if err := g.accepts(&r.header); err != nil {
			return nil, err
		}
		g.counted += r.dropped
		g.most += int(min(r.Groups, int64(len(r.rest)/3)))
		g.any = g.any || r.dropped > 0
		runs = append(runs, r)
	}
	return runs, nil
}

func (g *groups) pushAll(runs []*run) error {
	for _, r := range runs {
		if err := g.push(r); err != nil {
			return err
		}
	}
	return nil
}

// push reads the next group of a run, and puts the run into the heap. If there is no next group, the run is dropped.
func (g *groups) push(r *run) error {
	if ok, err := r.advance(); err != nil || !ok {
		return err
	}
	i := len(g.heap)
	g.heap = append(g.heap, r)
	for i > 0 && bytes.Compare(g.heap[(i-1)/2].key, g.heap[i].key) > 0 {
		g.heap[(i-1)/2], g.heap[i] = g.heap[i], g.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	return nil
}

// pop takes the run with the first key.
func (g *groups) pop() *run {
	top, last := g.heap[0], len(g.heap)-1
	g.heap[0] = g.heap[last]
	g.heap[last] = nil
	g.heap = g.heap[:last]
	g.sink()
	return top
}

// sink moves the first run of the heap to its place.
func (g *groups) sink() {
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(g.heap); c++ {
			if bytes.Compare(g.heap[c].key, g.heap[least].key) < 0 {
				least = c
			}
		}
		if least == i {
			return
		}
		g.heap[i], g.heap[least] = g.heap[least], g.heap[i]
		i = least
	}
}

// alone tells whether the first group of the heap is in one run only.
func (g *groups) alone() bool {
	for c := 1; c <= 2 && c < len(g.heap); c++ {
		if bytes.Equal(g.heap[c].key, g.heap[0].key) {
			return false
		}
	}
	return true
}

// next reads the next group that HAVING keeps.
func (g *groups) next() (ok bool, err error) {
	for {
		if len(g.heap) == 0 {
			if g.any || len(g.q.Keys) > 0 {
				return false, nil
			}
			g.any = true
			g.none()
			if err := g.finish(); err != nil {
				return false, err
			}
			return g.having()
		}
		g.any = true
		finished, err := g.take()
		if err != nil {
			return false, err
		}
		if finished {
			return true, nil
		}
		if keep, err := g.having(); err != nil || keep {
			return keep, err
		}
	}
}

// take reads the next group.
func (g *groups) take() (finished bool, err error) {
	r := g.heap[0]
	if g.alone() { // the run stays in the heap, because its next group is often the next of all
		g.key = r.key
		if err := g.read(&r.record, r.Finished); err != nil {
			return false, err
		}
		g.counted += g.rows
		ok, err := r.advance()
		if ok {
			g.sink()
		} else {
			g.pop()
		}
		return r.Finished, err
	}
	g.pop()
	if err := r.needTail(); err != nil {
		return false, err
	}
	first := r.record
	g.key = first.key
	for turn := 0; len(g.heap) > 0 && bytes.Equal(g.heap[0].key, first.key); turn ^= 1 {
		other := g.pop()
		if err := other.needTail(); err != nil {
			return false, err
		}
		h := &r.header
		if other.Finished {
			h = &other.header
		}
		if err := g.merger[turn].merge(h, &first, &other.record); err != nil {
			return false, err
		}
		first.body, first.tail = g.merger[turn].body, g.merger[turn].tail
		if err := g.push(other); err != nil {
			return false, err
		}
	}
	if err := g.read(&first, r.Finished); err != nil {
		return false, err
	}
	g.counted += g.rows
	return r.Finished, g.push(r)
}

// none makes the parts those of no trips.
func (f *finisher) none() {
	for i := range f.values {
		f.values[i] = partValue{value: query.Value{IsNull: true}}
	}
}

// table collects the rows of a query.
type table struct {
	q       *query.Query
	columns []column
	rows    int
	order   [][]byte      // of each row: what it is sorted by, as bytes that compare
	arena   []byte        // for order
	errs    map[int]error // of rows that have no value in a column
	sorted  []int32       // the rows in their order; nil if they are
	limit   int
	parts   []*table // if not empty, they have the columns of the table, and their rows follow one another
}

func newTable(q *query.Query) *table {
	t := &table{q: q, limit: -1, errs: map[int]error{}}
	for _, c := range q.Columns {
		t.columns = append(t.columns, newColumn(c.Expr.Type))
	}
	if q.Limit != query.NoLimit {
		t.limit = int(min(q.Limit, 1<<31-1))
	}
	return t
}

// reserve makes room for so many rows, so that no list grows to twice its size.
func (t *table) reserve(rows int) {
	if t.limit >= 0 && len(t.q.Order) == 0 {
		rows = min(rows, t.limit)
	}
	for i := range t.columns {
		t.columns[i].reserve(rows)
	}
	if len(t.q.Order) > 0 {
		t.order = make([][]byte, 0, rows)
	}
}

// addRows adds rows for the groups, one at a time.
func (t *table) addRows(in *groups) error {
	for {
		ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if len(t.q.Order) == 0 && t.limit >= 0 && t.rows >= t.limit {
			continue
		}
		if err := t.appendOrder(in); err != nil {
			return err
		}
		t.add(in)
	}
	return nil
}

// finish orders the rows. It is an error if a row that stays in the table has no value in a column.
func (t *table) finish() error {
	t.sort()
	for i := range t.kept() {
		if err := t.errs[t.at(i)]; err != nil {
			return err
		}
	}
	return nil
}

// add adds a row. A row that has no value is an error only if it stays.
func (t *table) add(in *groups) {
	for i, c := range t.q.Columns {
		v, err := c.Expr.Eval(in.leaf)
		if err == nil {
			err = storable(c.Expr.Type, v)
		}
		if err != nil {
			if t.errs[t.rows] == nil {
				t.errs[t.rows] = in.fail(c.Name, err)
			}
			v = query.Value{IsNull: true}
		}
		t.columns[i].add(v)
	}
	t.rows++
}

// storable tells whether the column of a table can have a value: a HUGEINT has more digits than a decimal of 128 bits, and so may have a
// decimal in a state that was changed.
func storable(t query.Type, v query.Value) error {
	if (t.Kind == query.HugeInt || t.Kind == query.Decimal) && v.Big != nil && v.Big.CmpAbs(query.Power(38)) >= 0 {
		return fmt.Errorf("found %v, expected at most 38 digits; use CAST(... AS DOUBLE)", v.Big)
	}
	return nil
}

// appendOrder notes what the row is sorted by.
func (t *table) appendOrder(in *groups) error {
	if len(t.q.Order) == 0 {
		return nil
	}
	start := len(t.arena)
	for _, o := range t.q.Order {
		v, err := o.Expr.Eval(in.leaf)
		if err != nil {
			return in.fail("ORDER BY", err)
		}
		at := len(t.arena)
		if v.IsNull {
			last := byte(absent)
			if o.NullsFirst {
				last = 0
			}
			t.arena = append(t.arena, last)
			continue
		}
		t.arena = appendValue(t.arena, o.Expr.Type, v)
		if o.Descending {
			for i := range t.arena[at:] {
				t.arena[at+i] = ^t.arena[at+i]
			}
		}
	}
	t.order = append(t.order, t.arena[start:len(t.arena):len(t.arena)])
	if len(t.arena) > cap(t.arena)/2 { // what is full stays where it is
		t.arena = make([]byte, 0, max(1<<12, min(2*cap(t.arena), 1<<20)))
	}
	return nil
}

// sort orders the rows. Those that are equal stay in the order of their keys.
func (t *table) sort() {
	if slices.IsSortedFunc(t.order, bytes.Compare) {
		return
	}
	t.sorted = make([]int32, t.rows)
	for i := range t.sorted {
		t.sorted[i] = int32(i)
	}
	slices.SortFunc(t.sorted, func(a, b int32) int {
		if c := bytes.Compare(t.order[a], t.order[b]); c != 0 {
			return c
		}
		return int(a - b)
	})
}

// kept is how many rows stay.
func (t *table) kept() int {
	if t.limit >= 0 && t.limit < t.rows {
		return t.limit
	}
	return t.rows
}

// at returns the row that comes at a place.
func (t *table) at(place int) int {
	if t.sorted == nil {
		return place
	}
	return int(t.sorted[place])
}

// addAll adds the rows of a query with windows.
func (t *table) addAll(in *groups) error {
	var all []query.Group
	for {
		ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		all = append(all, query.Group{Keys: slices.Clone(in.group.Keys), Aggregates: slices.Clone(in.group.Aggregates)})
	}
	whole := *t.q
	whole.Having = nil // is applied
	rows, err := whole.Finish(all)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for i, v := range row {
			if err := storable(t.q.Columns[i].Expr.Type, v); err != nil {
				return fmt.Errorf("%s: %w", t.q.Columns[i].Name, err)
			}
			t.columns[i].add(v)
		}
		t.rows++
	}
	return nil
}

// record makes the table.
func (t *table) record() arrow.RecordBatch {
	t.order, t.arena = nil, nil
	arrays := make([]arrow.Array, len(t.columns))
	sidebyside.Do(len(arrays), func(i int) error { //nolint:errcheck // never fails
		c := t.take(i)
		arrays[i] = c.array(t)
		return nil
	})
	return array.NewRecordBatch(Schema(t.q), arrays, int64(t.kept()))
}
