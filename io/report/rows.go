package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/tlc"
)

// rows are the rows of a table.
type rows struct{ arrow.RecordBatch }

// column returns the column of a name, or nil.
func (r *rows) column(name string) arrow.Array {
	if i := r.Schema().FieldIndices(name); len(i) > 0 {
		return r.Column(i[0])
	}
	return nil
}

// whole is the value in a row of a column of whole numbers or dates; ok is false if it is null, or there is no such column.
func whole(c arrow.Array, row int) (value int64, ok bool) {
	if c == nil || c.IsNull(row) {
		return 0, false
	}
	switch c := c.(type) {
	case *array.Int32:
		return int64(c.Value(row)), true
	case *array.Int64:
		return c.Value(row), true
	case *array.Date32:
		return int64(c.Value(row)), true
	}
	return 0, false
}

// real is the value in a row of a column of numbers; ok is false if it is null or no finite number, or there is no such column.
func real(c arrow.Array, row int) (value float64, ok bool) {
	if c == nil || c.IsNull(row) {
		return 0, false
	}
	switch c := c.(type) {
	case *array.Float64:
		return c.Value(row), !math.IsNaN(c.Value(row)) && !math.IsInf(c.Value(row), 0)
	case *array.Decimal128:
		return c.Value(row).ToFloat64(c.DataType().(*arrow.Decimal128Type).Scale), true
	case *array.Int32, *array.Int64:
		n, ok := whole(c, row)
		return float64(n), ok
	}
	return 0, false
}

func text(c arrow.Array, row int) string {
	if c, ok := c.(*array.String); ok && !c.IsNull(row) {
		return c.Value(row)
	}
	return ""
}

// shown is a value as people read it.
func shown(c arrow.Array, row int) string {
	if c.IsNull(row) {
		return "–"
	}
	switch c := c.(type) {
	case *array.String:
		return c.Value(row)
	case *array.Boolean:
		return map[bool]string{true: "yes", false: "no"}[c.Value(row)]
	case *array.Date32:
		return c.Value(row).FormattedString()
	case *array.Int32, *array.Int64:
		n, _ := whole(c, row)
		return group(strconv.FormatInt(n, 10))
	}
	if v, ok := real(c, row); ok {
		return decimals(v, 2)
	}
	return c.ValueStr(row)
}

func isNumber(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		return true
	}
	return false
}

// group puts commas between thousands.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	digits, fraction, dot := strings.Cut(digits, ".")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if dot {
		fraction = "." + fraction
	}
	return sign + digits + fraction
}

func decimals(v float64, places int) string {
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return group(text)
}

// month is a month since the year 0.
type month int

var monthNames = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

func (m month) year() int { return int(m) / 12 }

func (m month) long() string { return fmt.Sprintf("%s %d", monthNames[m%12], m.year()) }

func (m month) String() string { return fmt.Sprintf("%04d-%02d", m.year(), m%12+1) }

// monthOf is the month of a date.
func monthOf(days int64) month {
	t := arrow.Date32(days).ToTime()
	return month(t.Year()*12 + int(t.Month()) - 1)
}

// parseMonth reads a month of the manifest.
func parseMonth(s string) (month, bool) {
	m, ok := tlc.MonthOf(s)
	return month(m) + 1970*12, ok
}

func sortBy[T any, K cmp.Ordered](s []T, key func(T) K) {
	slices.SortStableFunc(s, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
