package aggregate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

const null = -1 << 63

// listOf is a list of batches.
func listOf(batches ...trip.Batch) trip.Batches { return trip.Batches{List: batches} }

// oneByOne are lists of one batch each.
func oneByOne(batches []trip.Batch) (lists []trip.Batches) {
	for _, b := range batches {
		lists = append(lists, listOf(b))
	}
	return lists
}

// c64 makes a column, with null for a missing value.
func c64(values ...int64) trip.Column {
	c := trip.Column{Values: make([]int64, len(values))}
	for i, v := range values {
		if v == null {
			c.Nulls++
		} else {
			c.Values[i] = v
		}
	}
	if c.Nulls > 0 {
		c.Valid = make([]byte, (len(values)+7)/8)
		for i, v := range values {
			if v != null {
				c.Valid[i>>3] |= 1 << (i & 7)
			}
		}
	}
	return c
}

// tripsOf makes a batch of one month whose measures are all the same column.
func tripsOf(source string, month int32, measure, pickupZones, dropoffZones trip.Column) trip.Batch {
	rows := len(measure.Values)
	b := trip.Batch{
		Source: source, Taxi: "green", Rows: rows,
		Columns: [trip.NumFields]trip.Column{
			trip.Pickup: c64(make([]int64, rows)...), trip.Dropoff: c64(make([]int64, rows)...),
			trip.PickupZone: pickupZones, trip.DropoffZone: dropoffZones,
			trip.Passengers: measure, trip.Distance: measure, trip.Amount: measure, trip.Tip: measure, trip.Duration: measure,
		},
		Months: []trip.MonthRun{{Month: month, End: rows}},
	}
	fillNeeded(&b)
	return b
}

// fillNeeded gives a batch the columns that some table needs and the test does not name.
func fillNeeded(b *trip.Batch) {
	for _, f := range Needs(Tables(true)) {
		if b.Columns[f].Values == nil {
			b.Columns[f] = c64(make([]int64, b.Rows)...)
		}
	}
}

// text returns a table as text, with a line for each row.
func text(t element.Table) string {
	var b strings.Builder
	b.WriteString(t.Name + "\n")
	for i := range int(t.Record.NumRows()) {
		var row []string
		for _, c := range t.Record.Columns() {
			if c.IsNull(i) {
				row = append(row, "-")
			} else {
				row = append(row, c.ValueStr(i))
			}
		}
		b.WriteString(strings.Join(row, " ") + "\n")
	}
	return b.String()
}

func fieldsOf(s *arrow.Schema) string {
	var out []string
	for _, f := range s.Fields() {
		out = append(out, fmt.Sprintf("%s:%s", f.Name, f.Type))
	}
	return strings.Join(out, " ")
}
