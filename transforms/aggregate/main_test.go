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

// c64 makes a column, with null for a missing value.
func c64(values ...int64) trip.Column[int64] {
	c := trip.Column[int64]{Values: make([]int64, len(values))}
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

func c32(values ...int64) trip.Column[int32] {
	w := c64(values...)
	c := trip.Column[int32]{Valid: w.Valid, Nulls: w.Nulls}
	for _, v := range w.Values {
		c.Values = append(c.Values, int32(v))
	}
	return c
}

// tripsOf makes a batch of one month whose measures are all the same column.
func tripsOf(source string, month int32, measure trip.Column[int64], pickupZones, dropoffZones trip.Column[int32]) trip.Batch {
	rows := len(measure.Values)
	return trip.Batch{
		Source: source, Taxi: trip.Green, Rows: rows,
		Pickup: c64(make([]int64, rows)...), Dropoff: c64(make([]int64, rows)...),
		PickupZone: pickupZones, DropoffZone: dropoffZones,
		Passengers: measure, Distance: measure, Amount: measure, Tip: measure, Duration: measure,
		Months: []trip.MonthRun{{Month: month, End: rows}},
	}
}

// text renders a table, one line a row.
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
