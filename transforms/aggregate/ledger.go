package aggregate

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// LedgerName is the name of the table that says what became of every row.
const LedgerName = "quality"

// LedgerSchema is the table quality: for each source, what became of its rows and which rules fired how often, sorted by
// all columns but the last, null months last.
var LedgerSchema = arrow.NewSchema([]arrow.Field{
	{Name: "taxi", Type: arrow.BinaryTypes.String},
	{Name: "source", Type: arrow.BinaryTypes.String},
	{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "rule", Type: arrow.BinaryTypes.String},
	{Name: "scope", Type: arrow.BinaryTypes.String},
	{Name: "rows", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// The lines of scope file that every source has, at zero rows too, and the one for a column that TLC has added.
const (
	rowsRead      = "rows_read"
	rowsCounted   = "rows_counted"
	columnUnknown = "column_unknown" // its rows are the file's
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[linesFn]())
	beam.RegisterDoFn(reflect.TypeFor[ledgerFn]())
	register.Emitter1[[]byte]()
	register.Iter1[[]byte]()
}

// Ledger makes the table of what became of every row.
//
// Ledger transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Ledger(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Ledger")
	lines := beam.ParDo(s, &linesFn{}, beam.DropKey(s, perSource))
	return beam.ParDo(s, &ledgerFn{}, beam.Impulse(s), beam.SideInput{Input: lines})
}

// line is one row of the ledger.
type line struct {
	Taxi, Source string
	Month        int32
	Rule         string
	Scope        quality.Scope
	Rows         int64
}

func (l line) compare(o line) int {
	return cmp.Or(cmp.Compare(l.Taxi, o.Taxi), cmp.Compare(l.Source, o.Source), cmp.Compare(monthOrder(l.Month), monthOrder(o.Month)),
		cmp.Compare(l.Rule, o.Rule), cmp.Compare(l.Scope, o.Scope))
}

// appendLines appends the ledger's lines about a source.
func appendLines(lines []line, r Source) []line {
	name := cmp.Or(r.Whole, r.Source)
	file := func(rule string, rows int64) line { return line{r.Taxi, name, r.Month, rule, quality.File, rows} }
	lines = append(lines, file(rowsRead, r.Rows), file(rowsCounted, r.Counted))
	if r.Unknown > 0 {
		lines = append(lines, file(columnUnknown, r.Rows))
	}
	for _, c := range r.Rules {
		lines = append(lines, line{r.Taxi, name, c.Month, quality.Rules[c.Rule].Name, quality.Rules[c.Rule].Scope, c.Rows})
	}
	return lines
}

// linesFn makes the ledger's lines of sources, in compact lists. These lists wait until all sources are done. The results themselves would take
// far more memory, because they have the states of all tables.
type linesFn struct{ list []line }

// linesInList is the number of lines at which a list is emitted.
const linesInList = 1024

func (fn *linesFn) StartBundle(func([]byte)) { fn.list = nil }

func (fn *linesFn) ProcessElement(r Source, emit func([]byte)) error {
	if fn.list = appendLines(fn.list, r); len(fn.list) >= linesInList {
		return fn.FinishBundle(emit)
	}
	return nil
}

func (fn *linesFn) FinishBundle(emit func([]byte)) error {
	if len(fn.list) == 0 {
		return nil
	}
	b, err := element.CompactList(fn.list)
	if err == nil {
		emit(b)
	}
	clear(fn.list)
	fn.list = fn.list[:0]
	return err
}

// merged sorts lines and adds up those that differ only in their rows: they are of parts of one dataset.
func merged(lines []line) []line {
	slices.SortFunc(lines, line.compare)
	out := lines[:0]
	for _, l := range lines {
		if n := len(out); n > 0 && out[n-1].compare(l) == 0 {
			out[n-1].Rows += l.Rows
			continue
		}
		out = append(out, l)
	}
	return out
}

// ledgerFn makes the rows of the table.
type ledgerFn struct{}

func (fn *ledgerFn) ProcessElement(_ []byte, next func(*[]byte) bool, emit func(element.Table)) error {
	var lists [][]line
	for _, b := range element.Drain(next) {
		list, err := element.ExpandList[line](b)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	lines := merged(slices.Concat(lists...))
	b := array.NewRecordBuilder(memory.DefaultAllocator, LedgerSchema)
	defer b.Release()
	var bytes [5]int // by column: the length of its texts. Memory that grows step by step takes twice as much
	for _, l := range lines {
		bytes[0], bytes[1], bytes[3], bytes[4] = bytes[0]+len(l.Taxi), bytes[1]+len(l.Source), bytes[3]+len(l.Rule), bytes[4]+len(l.Scope)
	}
	b.Reserve(len(lines))
	for i, n := range bytes {
		if texts, is := b.Field(i).(*array.StringBuilder); is {
			texts.ReserveData(n)
		}
	}
	for _, l := range lines {
		b.Field(0).(*array.StringBuilder).Append(l.Taxi)
		b.Field(1).(*array.StringBuilder).Append(l.Source)
		if l.Month == element.NoMonth {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Date32Builder).Append(arrow.Date32(trip.FirstDay(l.Month)))
		}
		b.Field(3).(*array.StringBuilder).Append(l.Rule)
		b.Field(4).(*array.StringBuilder).Append(string(l.Scope))
		b.Field(5).(*array.Int64Builder).Append(l.Rows)
	}
	emit(element.Table{Name: LedgerName, Record: b.NewRecordBatch()})
	return nil
}
