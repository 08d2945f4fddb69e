package aggregate

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/group"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// Spec describes a table. A table has a row for each combination of taxi, month of pickup and keys in By that has trips. It is
// sorted by these columns, nulls last. Its first columns are taxi, year and month_start.
type Spec struct {
	Name string
	Step string // names the table's CombinePerKey in the graph
	By   []Key
	// Where are conditions that a trip must all meet to be in the table. Trips that do not are counted apart, so that each table
	// accounts for every trip that counts.
	Where []Condition
	// Values are the columns after the keys.
	Values []Value
	// Zone are the last columns: those of the zones table that it has of the zone whose number is the first key. They are null if the place of
	// the trips has no zone of this number.
	Zone []string
	// Seeded tables have a row for the month in a file's name even if no trip is in it.
	Seeded bool

	// SQL is the query of a declared table, query.Query.SQL; see [Declared]. Such a table has its name, Step and MostGroups
	// beside it, and PerFile, and nothing else.
	SQL        string
	Place      string // where its text is, for messages
	MostGroups int64  // that are held in memory at once
	MostBytes  int64  // that its groups may take in memory
	Answer     bool   // the rows answer a question, and are not published
	RowBytes   int64  // that a row takes in memory, roughly
	ByMonth    bool   // a group has trips of one taxi and month
	PerFile    bool   // all trips of a group are in one file, unless several files are of one taxi and month
}

// Key is a column by which trips are grouped.
type Key struct {
	Name string
	Of   trip.Field // a column of whole numbers
	// Or is a second column, or nil. With a second column a trip counts in two groups: that of its value in each column.
	Or *trip.Field
}

// Condition says which values of a column pass: those from From to To, both included. A null does not pass.
type Condition struct {
	Of       trip.Field
	From, To int64 // in the integers of the column: see trip.Type
}

// Value is a column that is made of the trips of a group.
type Value struct {
	Name string
	Func Function
	Of   trip.Field // the column of trips; not used for Rows
	Rule string     // for Counted and Total: take the values of Of that this rule left out, instead of the others
	Or   bool       // for Rows: count the trips that are in the group by Key.Or
	// Whole makes a Total an int64 instead of a decimal.
	Whole bool
}

// Function says how a value is made.
type Function uint8

// The functions of values.
const (
	Rows    Function = iota // int64: the trips
	Counted                 // int64: the trips with a value in Of
	Mean                    // float64: the average of Of in its unit, null if all are null
	Total                   // DECIMAL(38,6): the sum of Of in its unit
)

// sumType holds an exact sum at 10^-6.
var sumType = &arrow.Decimal128Type{Precision: 38, Scale: 6}

// keyFields are the first columns of every table.
var keyFields = []arrow.Field{
	{Name: "taxi", Type: arrow.BinaryTypes.String},
	{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
}

// Schema is the schema of the table.
func (s *Spec) Schema() *arrow.Schema {
	if s.SQL != "" {
		return group.Schema(s.query())
	}
	fields := slices.Clone(keyFields)
	for _, k := range s.By {
		fields = append(fields, arrow.Field{Name: k.Name, Type: k.arrowType(), Nullable: true})
	}
	for _, v := range s.Values {
		f := arrow.Field{Name: v.Name, Type: arrow.PrimitiveTypes.Int64}
		switch {
		case v.Func == Mean:
			f.Type, f.Nullable = arrow.PrimitiveTypes.Float64, true
		case v.Func == Total && !v.Whole:
			f.Type = sumType
		}
		fields = append(fields, f)
	}
	for _, c := range zoneColumnsNamed(s.Zone) {
		f := c.field
		f.Nullable = true
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil)
}

func (k Key) arrowType() arrow.DataType {
	if trip.Fields[k.Of].Type == trip.Zone || trip.Fields[k.Of].Type == trip.Part {
		return arrow.PrimitiveTypes.Int32
	}
	return arrow.PrimitiveTypes.Int64
}

// both tells whether a trip counts in two groups.
func (k Key) both() bool { return k.Or != nil }

// summed names values that a group keeps a [Sum] of: the values of a column, or those that a rule left out of it.
type summed struct {
	of   trip.Field
	rule string
}

// sums lists the sums that a group of the table keeps, in the order of the values that need them.
func (s *Spec) sums() []summed {
	var sums []summed
	for _, v := range s.Values {
		if want := (summed{v.Of, v.Rule}); v.Func != Rows && !slices.Contains(sums, want) {
			sums = append(sums, want)
		}
	}
	return sums
}

// Needs are the columns of trips that the table is made of, ascending.
func (s *Spec) Needs() []trip.Field {
	if s.SQL != "" {
		return s.collector(0, s.query(), new(group.Together).NewKeys()).Fields()
	}
	needed := []trip.Field{trip.Pickup}
	for _, k := range s.By {
		needed = append(needed, k.Of)
		if k.both() {
			needed = append(needed, *k.Or)
		}
	}
	for _, c := range s.Where {
		needed = append(needed, c.Of)
	}
	for _, v := range s.sums() {
		needed = append(needed, v.of)
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}

// Balance lists the columns of the table whose sum must be the number of trips that count and meet the conditions. A declared
// table has none, but a count of its own, which the list names "".
func (s *Spec) Balance() []string {
	if s.declared() {
		return []string{""}
	}
	var names []string
	for _, v := range s.Values {
		if v.Func == Rows {
			names = append(names, v.Name)
		}
	}
	return names
}

// unit returns the integer that stands for 1 in the unit of a column.
func unit(f trip.Field) int64 {
	if trip.Fields[f].Type == trip.Span {
		return minute
	}
	return trip.Unit
}

const minute = 60_000_000 // µs

// ruleOf returns the rule of an entry of sums.
func (s summed) ruleOf() quality.ID { return quality.Named(s.rule) }
