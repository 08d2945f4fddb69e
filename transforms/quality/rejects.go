package quality

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
	"tripstats/transforms/fault"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[judgeAndKeepFn]())
	register.Emitter1[element.Rejects]()
}

// Keep is which rows are wanted as rejects.
type Keep int

// Rejects are not kept, or those of row rules, or those of all rules.
const (
	KeepNone Keep = iota
	KeepRows
	KeepCells
)

// JudgedWithRejects is [Judged], with a second output: the rows that rules refused or left values out of, as the file has
// them, by Config.Keep. It takes batches that carry their origin.
//
// JudgedWithRejects transforms a PCollection<trip.Batches> into a PCollection<trip.Batches> and a PCollection<element.Rejects>.
func JudgedWithRejects(s beam.Scope, cfg Config, trips beam.PCollection) (judged, rejects beam.PCollection) {
	s = s.Scope("quality.Map(judge)")
	return beam.ParDo2(s, &judgeAndKeepFn{Config: cfg}, trips)
}

type judgeAndKeepFn struct {
	Config Config

	judge   judgeFn
	each    func(i int) error // judges a batch of the list
	rejects []element.Rejects // by place in the list; without a record if there are none
}

// Setup prepares what every batch needs.
func (fn *judgeAndKeepFn) Setup() error {
	fn.judge.Config = fn.Config
	return fn.judge.Setup()
}

func (fn *judgeAndKeepFn) ProcessElement(in trip.Batches, emit func(trip.Batches), reject func(element.Rejects)) error {
	out := append(fn.judge.out[:0], in.List...)
	fn.judge.out, fn.rejects = out, slices.Grow(fn.rejects[:0], len(out))[:len(out)]
	defer clear(out)
	defer clear(fn.rejects)
	if err := fn.judge.makePlaces(len(out)); err != nil {
		return err
	}
	if fn.each == nil {
		fn.each = fn.keep
	}
	if err := sidebyside.Do(len(out), fn.each); err != nil {
		return err
	}
	for _, r := range fn.rejects {
		if r.Record != nil {
			reject(r)
		}
	}
	emit(trip.Batches{List: out})
	return nil
}

// keep judges a batch of the list and keeps its rejects.
func (fn *judgeAndKeepFn) keep(i int) error {
	judge, err := fn.judge.judgeOne(i)
	if err != nil {
		return err
	}
	b := &fn.judge.out[i]
	if len(judge.rejects) > 0 {
		if b.Origin == nil {
			return fault.New(fault.Failed, "%s: found a batch without its origin, expected one with it", b.Where(0))
		}
		if fn.rejects[i], err = judge.rejected(b); err != nil {
			return err
		}
	}
	b.Origin = nil // nobody needs it from here on
	return nil
}

// reject is a row of a batch that a rule is about.
type reject struct {
	row  int
	rule ID
}

// refuse notes that a row rule applies to rows [start, end).
func (fn *judgeFn) refuse(start, end int, id ID) {
	if fn.Config.Keep == KeepNone {
		return
	}
	for row := start; row < end; row++ {
		fn.rejects = append(fn.rejects, reject{row, id})
	}
}

// rejected makes an element of the rejects of a batch, in the order of rows and of rules.
func (fn *judgeFn) rejected(b *trip.Batch) (element.Rejects, error) {
	slices.SortFunc(fn.rejects, func(a, b reject) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.rule, b.rule)) })
	out := element.Rejects{Source: b.Source, RowGroup: b.RowGroup}
	sources, rules := array.NewStringBuilder(memory.DefaultAllocator), array.NewStringBuilder(memory.DefaultAllocator)
	numbers := array.NewInt64Builder(memory.DefaultAllocator)
	for _, r := range fn.rejects {
		rule := Rules[r.rule]
		if rule.Scope == Row {
			out.Refused++
		}
		sources.Append(b.Source)
		numbers.Append(b.RowNumber(r.row))
		rules.Append(rule.Name)
	}
	columns := []arrow.Array{sources.NewArray(), numbers.NewArray(), rules.NewArray()}
	fields := slices.Clone(element.RejectColumns)
	for i, c := range b.Origin.Columns() {
		taken, err := take(c, fn.rejects)
		if err != nil {
			return out, fault.New(fault.Failed, "%s: column %q: taking rows out: %v", b.Where(0), b.Origin.ColumnName(i), err)
		}
		if b.Text != nil {
			taken = readable(taken)
		}
		columns = append(columns, taken)
		fields = append(fields, b.Origin.Schema().Field(i))
	}
	if b.Text != nil {
		columns, fields = append(columns, fn.malformedLines(b)), append(fields, arrow.Field{Name: malformedLine, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	out.Record = array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(len(fn.rejects)))
	return out, nil
}

// take copies the rows of rejects out of a column. Arrow's compute package could do this, but would make the program much larger.
func take(c arrow.Array, rejects []reject) (arrow.Array, error) {
	var runs []arrow.Array
	for i := 0; i < len(rejects); {
		start, n := rejects[i].row, 1
		for i+n < len(rejects) && rejects[i+n].row == start+n {
			n++
		}
		runs = append(runs, array.NewSlice(c, int64(start), int64(start+n)))
		i += n
	}
	return array.Concatenate(runs, memory.DefaultAllocator)
}
