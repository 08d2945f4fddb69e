package group

import (
	"bytes"
	"encoding/binary"
	"slices"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// A query of single trips has no groups. Here each trip that it lists is a finished group of one trip: its keys are the name of its source and
// the row in the file, so that the order of keys is that of the rows. Its values are those of the columns that the query reads. [Rows] computes
// the columns of the query, because a trip has to have a value in them only if it is one of the first of all.

// Lister lists the first trips of a query that is not Grouped: by the name of their source, byte by byte, and the row in the file. It keeps as
// many as LIMIT says, and is for one goroutine.
type Lister struct {
	addingTo
	read   []int // indices of query.Columns: see columnsOf
	fields []trip.Field
	forms  []form
	most   int

	counted int64
	kept    []record // without whole
	key     []byte
	arena   []byte
	held    int // bytes of arenas that are full
}

// NewLister returns a lister of a query that is not Grouped and has a LIMIT.
func NewLister(q *query.Query) *Lister { return new(Together).NewLister(0, q) }

func newLister(q *query.Query) *Lister {
	l := &Lister{read: columnsOf(q), most: int(q.Limit)}
	for _, c := range l.read {
		l.forms = append(l.forms, form{kind: value, class: classOf(query.Columns[c].Type)})
		if source := query.Columns[c].Source; !source.Taxi {
			l.fields = append(l.fields, source.Field)
		}
	}
	l.fields = fieldsOf(q, nil, l.fields...)
	return l
}

// Fields are the columns of trips that Add reads, ascending.
func (l *Lister) Fields() []trip.Field { return l.fields }

// Reset forgets what was added, and keeps memory for what comes next.
func (l *Lister) Reset() {
	l.filtered, l.counted = 0, 0
	l.kept, l.arena, l.held = l.kept[:0], l.arena[:0], 0
}

// Bytes is the memory that the lister holds, about.
func (l *Lister) Bytes() int64 {
	return int64(cap(l.kept))*96 + int64(l.held+cap(l.arena))
}

// Add adds the trips of a batch that no rule refuses, for a lister that was made by [NewLister]. An error names the row; it has no exit code.
func (l *Lister) Add(b *trip.Batch) error {
	if err := l.alone(b); err != nil {
		return err
	}
	return l.AddFrom(0, b)
}

// AddFrom is Add for a batch that [Together.Compute] has computed in a place.
func (l *Lister) AddFrom(at int, b *trip.Batch) error {
	rows, s, err := l.rows(at, b)
	if err != nil {
		return err
	}
	n := s.count
	l.counted += int64(n)
	sorted := true
	for i := range min(n, l.most) {
		row := i
		if rows != nil {
			row = int(rows[i])
		}
		l.key = appendInt(appendText(l.key[:0], b.Source), b.RowNumber(row))
		if have := len(l.kept); have > 0 {
			after := bytes.Compare(l.key, l.kept[have-1].key) > 0
			if after && sorted && have >= l.most {
				break // so do those that follow
			}
			sorted = sorted && after
		}
		l.keep(b, row)
	}
	if !sorted {
		slices.SortFunc(l.kept, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	}
	l.kept = l.kept[:min(len(l.kept), l.most)]
	return nil
}

// keep keeps a row of a batch, whose key is l.key.
func (l *Lister) keep(b *trip.Batch, row int) {
	at := len(l.arena)
	l.arena = append(l.arena, l.key...)
	body := len(l.arena)
	l.arena = binary.AppendUvarint(l.arena, 1)
	for _, c := range l.read {
		column := &query.Columns[c]
		values := &b.Columns[column.Source.Field]
		switch {
		case column.Source.Taxi:
			l.arena = appendText(l.arena, b.Taxi)
		case values.IsNull(row):
			l.arena = append(l.arena, absent)
		case column.Type.Kind == query.Varchar:
			l.arena = appendText(l.arena, trip.FlagTexts[values.Values[row]])
		default:
			l.arena = appendInt(l.arena, values.Values[row])
		}
	}
	l.kept = append(l.kept, record{key: l.arena[at:body:body], body: l.arena[body:len(l.arena):len(l.arena)]})
	if len(l.arena) > cap(l.arena)/2 { // what is full stays where it is
		l.held += cap(l.arena)
		l.arena = make([]byte, 0, max(1<<12, min(2*cap(l.arena), 1<<20)))
	}
}

// Finished returns the same as State: a trip is never merged with another.
func (l *Lister) Finished() ([]byte, error) { return l.State() }

// State returns the trips listed since the last Reset. Those that are not among the first are only counted.
func (l *Lister) State() ([]byte, error) {
	h := header{keys: len(listKeys), forms: l.forms, dropped: l.counted - int64(len(l.kept))}
	h.Filtered, h.Counted, h.Groups, h.Finished = l.filtered, l.counted, int64(len(l.kept)), true
	out := h.append(nil)
	for _, r := range l.kept {
		out = appendRecord(out, r.key, r.body, nil)
	}
	return out, nil
}

// First returns a finished state with its first groups. The trips of the others are only counted.
func First(state []byte, most int64) ([]byte, error) {
	var h header
	in, err := h.open(state)
	if err != nil || h.Groups <= most {
		return state, err
	}
	h.Groups = 0
	first, rest := 0, in // bytes of the first groups
	for {
		g, after, ok, err := next(rest)
		if err != nil {
			return nil, err
		}
		if !ok {
			return append(h.append(nil), in[:first]...), nil
		}
		rest = after
		if h.Groups < most {
			first += len(g.whole)
			h.Groups++
			continue
		}
		rows, _, err := g.rows()
		if err != nil {
			return nil, err
		}
		h.dropped += rows
	}
}

// listKeys are the keys of a trip that is listed: its source, and its row in the file.
var listKeys = []*query.Expr{{Type: query.Type{Kind: query.Varchar}}, {Type: query.Type{Kind: query.BigInt}}}

// asGroups returns a query of single trips as one of their groups. Its aggregates are the values of columnsOf, which are those of the one
// trip of the group. Its columns are still over trips: listLeaf has their values.
func asGroups(q *query.Query) *query.Query {
	of := *q
	of.Keys = listKeys
	for _, c := range columnsOf(q) {
		t := query.Columns[c].Type
		of.Aggregates = append(of.Aggregates, query.Aggregate{
			Func: &query.Function{Name: "min"}, Args: []*query.Expr{{Op: query.ColumnRef, Type: t, Index: c}}, Type: t,
		})
	}
	return &of
}

// listLeaf returns the value of a column in the trip that is the finisher's group.
func (f *finisher) listLeaf(e *query.Expr) (query.Value, error) {
	if d := query.Derivation(e.Index); d != nil {
		return d.Eval(f.listLeaf)
	}
	at := slices.IndexFunc(f.q.Aggregates, func(a query.Aggregate) bool { return a.Args[0].Index == e.Index })
	return f.group.Aggregates[at], nil
}

// columnsOf returns the columns of sources, indices of [query.Columns], of which the columns of a query of single trips are made,
// ascending.
func columnsOf(q *query.Query) []int {
	read := map[int]bool{}
	var visit func(e *query.Expr)
	visit = func(e *query.Expr) {
		if e.Op == query.ColumnRef {
			if d := query.Derivation(e.Index); d != nil {
				visit(d)
			} else {
				read[e.Index] = true
			}
		}
		for _, a := range e.Args {
			visit(a)
		}
	}
	for _, c := range q.Columns {
		visit(c.Expr)
	}
	var columns []int
	for i := range query.Columns {
		if read[i] {
			columns = append(columns, i)
		}
	}
	return columns
}
