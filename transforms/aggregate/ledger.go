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
	beam.RegisterDoFn(reflect.TypeFor[ledgerFn]())
	register.Iter1[Source]()
}

// Ledger makes the table of what became of every row.
//
// Ledger transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Ledger(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Ledger")
	return beam.ParDo(s, &ledgerFn{}, beam.Impulse(s), beam.SideInput{Input: beam.DropKey(s, perSource)})
}

// line is one row of the ledger.
type line struct {
	taxi, source string
	month        int32
	rule         string
	scope        quality.Scope
	rows         int64
}

func (l line) compare(o line) int {
	return cmp.Or(cmp.Compare(l.taxi, o.taxi), cmp.Compare(l.source, o.source), cmp.Compare(monthOrder(l.month), monthOrder(o.month)),
		cmp.Compare(l.rule, o.rule), cmp.Compare(l.scope, o.scope))
}

// linesOf are the ledger's lines about a source.
func linesOf(r Source) []line {
	name := cmp.Or(r.Whole, r.Source)
	file := func(rule string, rows int64) line { return line{r.Taxi, name, r.Month, rule, quality.File, rows} }
	lines := []line{file(rowsRead, r.Rows), file(rowsCounted, r.Counted)}
	if r.Unknown > 0 {
		lines = append(lines, file(columnUnknown, r.Rows))
	}
	for _, c := range r.Rules {
		lines = append(lines, line{r.Taxi, name, c.Month, quality.Rules[c.Rule].Name, quality.Rules[c.Rule].Scope, c.Rows})
	}
	return lines
}

// merged sorts lines and adds up those that differ only in their rows: they are of parts of one dataset.
func merged(lines []line) []line {
	slices.SortFunc(lines, line.compare)
	out := lines[:0]
	for _, l := range lines {
		if n := len(out); n > 0 && out[n-1].compare(l) == 0 {
			out[n-1].rows += l.rows
			continue
		}
		out = append(out, l)
	}
	return out
}

// ledgerFn makes the rows of the table.
type ledgerFn struct{}

func (fn *ledgerFn) ProcessElement(_ []byte, next func(*Source) bool, emit func(element.Table)) {
	var lines []line
	for _, r := range element.Drain(next) {
		lines = append(lines, linesOf(r)...)
	}
	lines = merged(lines)
	b := array.NewRecordBuilder(memory.DefaultAllocator, LedgerSchema)
	defer b.Release()
	for _, l := range lines {
		b.Field(0).(*array.StringBuilder).Append(l.taxi)
		b.Field(1).(*array.StringBuilder).Append(l.source)
		if l.month == element.NoMonth {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Date32Builder).Append(arrow.Date32(trip.FirstDay(l.month)))
		}
		b.Field(3).(*array.StringBuilder).Append(l.rule)
		b.Field(4).(*array.StringBuilder).Append(string(l.scope))
		b.Field(5).(*array.Int64Builder).Append(l.rows)
	}
	emit(element.Table{Name: LedgerName, Record: b.NewRecordBatch()})
}
