package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/publish"
)

// declared is a table of the user's, with the picture that its keys ask for: a line for months, days or years, a heat map for hours by
// weekday, a map for zones, otherwise none. Every one has its rows as a table.
type declared struct {
	ID, Name, Meaning string
	Charts            []chart
	Cube              *cube
	Table             figures
	Note              string // about what is not drawn
}

// The bounds of what a declared table may take of the page.
const (
	mostRows   = 300 // of its table
	mostLines  = 8   // of a chart
	mostCharts = 6
	mostGroups = 60      // of a cube
	mostBytes  = 300_000 // of a cube
)

// keyNames are columns of whole numbers that are keys, if the keys are not known.
var keyNames = []string{
	"year", "month", "quarter", "week", "day", "weekday", "isodow", "dow", "hour", "pickup_hour", "payment_type", "vendor_id", "rate_code",
	"rate_code_id", "trip_type", "location_id", "pickup_location_id", "dropoff_location_id", "passenger_count",
}

// columns are the columns of a declared table by their part in a picture.
type columns struct {
	time          arrow.Array // of dates, or of years
	timeName      string
	hour, weekday arrow.Array
	zone          arrow.Array
	zoneNames     []string
	others        []int // further keys
	taxi          arrow.Array
	measures      []int
}

func columnsOf(t *rows, keys []string) columns {
	var c columns
	for i, f := range t.Schema().Fields() {
		isKey := slices.Contains(keys, f.Name) || keys == nil && (!isNumber(f.Type) || slices.Contains(keyNames, f.Name) || strings.HasSuffix(f.Name, "location_id"))
		column := t.Column(i)
		wholes := f.Type.ID() == arrow.INT32 || f.Type.ID() == arrow.INT64
		switch {
		case !isKey && isNumber(f.Type):
			c.measures = append(c.measures, i)
		case !isKey:
		case f.Type.ID() == arrow.DATE32 && c.time == nil:
			c.time, c.timeName = column, f.Name
		case wholes && (f.Name == "hour" || strings.HasSuffix(f.Name, "_hour")) && c.hour == nil:
			c.hour = column
		case wholes && (f.Name == "weekday" || f.Name == "isodow") && c.weekday == nil:
			c.weekday = column
		case wholes && strings.HasSuffix(f.Name, "location_id"):
			c.zone = column
			c.zoneNames = append(c.zoneNames, f.Name)
			c.others = append(c.others, i)
		case wholes && f.Name == "year":
			if c.time == nil {
				c.time, c.timeName = column, f.Name
			}
		default:
			if f.Name == "taxi" {
				c.taxi = column
			}
			c.others = append(c.others, i)
		}
	}
	if len(c.zoneNames) == 1 {
		c.others = slices.DeleteFunc(c.others, func(i int) bool { return t.ColumnName(i) == c.zoneNames[0] })
	} else {
		c.zone = nil
	}
	return c
}

// declaredOf draws a declared table.
func declaredOf(cfg Config, o publish.Output, t *rows, number int) declared {
	known := cfg.Tables[o.Table]
	d := declared{ID: fmt.Sprintf("own%d", number), Name: o.Table, Meaning: known.Meaning, Table: tableOf(o.Table, t)}
	c := columnsOf(t, known.Keys)
	switch {
	case t.NumRows() == 0:
		d.Note = "The table has no rows."
	case len(c.measures) == 0:
	case c.hour != nil && c.weekday != nil && c.zone == nil:
		d.Cube = heat(d.ID, t, c)
	case c.zone != nil && c.hour == nil && c.weekday == nil:
		d.Cube = zoneMap(cfg, d.ID, t, c)
	case c.time != nil && c.hour == nil && c.weekday == nil && len(c.zoneNames) == 0:
		d.Charts, d.Note = linesOf(d.ID, t, c)
	}
	if d.Cube != nil {
		d.Cube.Name = d.Name
	}
	if d.Cube != nil && d.Cube.Note != "" {
		d.Note = d.Cube.Note
	}
	return d
}

// tableOf are the rows of a table; of a long one the first.
func tableOf(name string, t *rows) figures {
	f := figures{Caption: "Rows of " + name}
	for _, column := range t.Schema().Fields() {
		f.Head = append(f.Head, column.Name)
	}
	for row := range min(int(t.NumRows()), mostRows) {
		var cells []string
		for i := range t.Columns() {
			cells = append(cells, shownAs(t.ColumnName(i), t.Column(i), row))
		}
		f.Rows = append(f.Rows, cells)
	}
	if t.NumRows() > mostRows {
		f.Note = fmt.Sprintf("The first %d of %s rows.", mostRows, group(fmt.Sprint(t.NumRows())))
	}
	return f
}

// shownAs is a value of a column. Years and numbers of zones have no commas.
func shownAs(name string, c arrow.Array, row int) string {
	if n, ok := whole(c, row); ok && c.DataType().ID() != arrow.DATE32 && slices.Contains(keyNames, name) {
		return fmt.Sprint(n)
	}
	return shown(c, row)
}

// groupLabel names a row by its further keys.
func groupLabel(t *rows, others []int, row int) string {
	var parts []string
	for _, i := range others {
		switch part := shownAs(t.ColumnName(i), t.Column(i), row); {
		case t.ColumnName(i) == "taxi" && taxiLabels[part] != "":
			parts = append(parts, taxiLabels[part])
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// groupNote says what groups are named by, if a key is a number.
func groupNote(t *rows, others []int) string {
	var names []string
	number := false
	for _, i := range others {
		names = append(names, t.ColumnName(i))
		number = number || isNumber(t.Schema().Field(i).Type)
	}
	if !number {
		return ""
	}
	return "Names are values of " + strings.Join(names, ", ") + "."
}

// groupsOf returns the groups of the rows, in the order of their first rows, and for each row the place of its group.
func groupsOf(t *rows, others []int) (groups []string, of []int) {
	seen := map[string]int{}
	for row := range int(t.NumRows()) {
		label := groupLabel(t, others, row)
		if _, ok := seen[label]; !ok {
			seen[label] = len(groups)
			groups = append(groups, label)
		}
		of = append(of, seen[label])
	}
	return groups, of
}

// times are the places of rows in time: the least, how many there are, and the place of each row, -1 if it has none.
func times(c columns, n int) (first, count int, of []int) {
	last := math.MinInt
	first = math.MaxInt
	byMonth := c.time != nil && c.time.DataType().ID() == arrow.DATE32 && isMonths(c.time)
	for row := range n {
		v, ok := whole(c.time, row)
		if byMonth && ok {
			v = int64(monthOf(v))
		}
		if !ok {
			v = math.MinInt64
		} else {
			first, last = min(first, int(v)), max(last, int(v))
		}
		of = append(of, int(v))
	}
	for i, v := range of {
		if v != math.MinInt {
			of[i] = v - first
		} else {
			of[i] = -1
		}
	}
	return first, last - first + 1, of
}

// distinct returns the places that there are, ascending, and which of them each is; -1 for none.
func distinct(places []int) (there, of []int) {
	there = slices.Clone(places)
	slices.Sort(there)
	there = slices.DeleteFunc(slices.Compact(there), func(p int) bool { return p < 0 })
	for _, p := range places {
		i, found := slices.BinarySearch(there, p)
		if !found {
			i = -1
		}
		of = append(of, i)
	}
	return there, of
}

// linesOf draws a chart for each measure, with a line for each group.
func linesOf(id string, t *rows, c columns) (all []chart, note string) {
	groups, of := groupsOf(t, c.others)
	first, count, at := times(c, int(t.NumRows()))
	if count <= 0 || count > 20_000 {
		return nil, "The table is not drawn, because its times are too far apart."
	}
	places := timeTicks(c, first, count)
	// The lines with the largest sums of the first measure.
	sums := make([]float64, len(groups))
	for row := range of {
		v, _ := real(t.Column(c.measures[0]), row)
		sums[of[row]] += v
	}
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	if len(groups) > mostLines {
		sortBy(order, func(g int) float64 { return -sums[g] })
		note = fmt.Sprintf("The pictures have %d of %s: those with the most %s.", mostLines, plural(int64(len(groups)), "group"), t.ColumnName(c.measures[0]))
		order = order[:mostLines]
		slices.Sort(order)
	}
	taken := map[[2]int]bool{}
	for row := range of {
		k := [2]int{of[row], at[row]}
		if at[row] >= 0 && taken[k] {
			return nil, "" // the keys are others than was thought
		}
		taken[k] = true
	}
	for n, m := range c.measures[:min(len(c.measures), mostCharts)] {
		var lines []series
		for i, g := range order {
			s := series{Name: groups[g], Class: seriesClass(i), Values: make([]float64, count)}
			for name, label := range taxiLabels {
				if label == groups[g] {
					s.Class = taxiClasses[name]
				}
			}
			if s.Name == "" {
				s.Name = t.ColumnName(m)
			}
			for i := range s.Values {
				s.Values[i] = math.NaN()
			}
			for row := range of {
				if v, ok := real(t.Column(m), row); ok && of[row] == g && at[row] >= 0 {
					s.Values[at[row]] = v
				}
			}
			lines = append(lines, s)
		}
		name := t.ColumnName(m)
		ch := chartOf(fmt.Sprintf("%s-%d", id, n), name, "", "", lines, places)
		ch.Caption = name + " over time; the table below has the figures"
		all = append(all, ch)
	}
	if len(c.measures) > mostCharts {
		note += fmt.Sprintf(" %d of %d columns are drawn.", mostCharts, len(c.measures))
	}
	return all, strings.TrimSpace(groupNote(t, c.others) + " " + note)
}

// timeTicks are the marks of an axis of months, days or years.
func timeTicks(c columns, first, count int) []tick {
	switch {
	case c.time.DataType().ID() != arrow.DATE32:
		ticks := []tick{{Text: fmt.Sprint(first), At: 0, Class: "start"}, {Text: fmt.Sprint(first + count - 1), At: 100, Class: "end"}}
		if count == 1 {
			return []tick{{Text: fmt.Sprint(first), At: 50}}
		}
		return ticks
	case isMonths(c.time):
		return monthTicks(month(first), month(first+count-1))
	case count == 1:
		return []tick{{Text: arrow.Date32(first).FormattedString(), At: 50}}
	}
	return []tick{
		{Text: arrow.Date32(first).FormattedString(), At: 0, Class: "start"},
		{Text: arrow.Date32(first + count - 1).FormattedString(), At: 100, Class: "end"},
	}
}

// cubeOf makes a cube of rows, whose cells are given for each row; -1 for a row without one. It returns nil if two rows have one place.
func cubeOf(c *cube, t *rows, cs columns, cells []int) *cube {
	var of, at []int
	c.Groups, of = groupsOf(t, cs.others)
	count := 1
	switch {
	case cs.time == nil:
		c.Months, at = []string{""}, make([]int, t.NumRows())
	default:
		first, _, places := times(cs, int(t.NumRows()))
		var there []int
		if there, at = distinct(places); len(there) == 0 {
			return nil
		}
		count = len(there)
		for _, i := range there {
			switch label := first + i; {
			case cs.time.DataType().ID() != arrow.DATE32:
				c.Months = append(c.Months, fmt.Sprint(label))
			case isMonths(cs.time):
				c.Months = append(c.Months, month(label).long())
			default:
				c.Months = append(c.Months, arrow.Date32(label).FormattedString())
			}
		}
	}
	if len(c.Groups) > mostGroups || len(c.Groups)*len(cs.measures)*len(c.Cells)*count > 3_000_000 {
		return nil
	}
	for _, i := range cs.measures {
		m := measure{Label: t.ColumnName(i)}
		if ty := t.Schema().Field(i).Type.ID(); ty == arrow.FLOAT64 || ty == arrow.DECIMAL128 {
			m.Places = 2
		}
		c.Measures = append(c.Measures, m)
	}
	for range c.Groups {
		var values [][]int64
		for range c.Measures {
			values = append(values, blank(len(c.Cells), count))
		}
		c.values = append(c.values, values)
	}
	taken := map[[3]int]bool{}
	for row := range cells {
		k := [3]int{of[row], cells[row], at[row]}
		if cells[row] < 0 || at[row] < 0 {
			continue
		}
		if taken[k] {
			return nil
		}
		taken[k] = true
		for n, i := range cs.measures {
			if v, ok := real(t.Column(i), row); ok && math.Abs(v) < 1e13 {
				c.values[of[row]][n][cells[row]*count+at[row]] = int64(math.Round(v * math.Pow10(c.Measures[n].Places)))
			}
		}
	}
	c.Note = groupNote(t, cs.others)
	c.finish()
	for c.size() > mostBytes && len(c.Months) > 1 {
		c.dropHalf(groupNote(t, cs.others))
	}
	return c
}

// dropHalf leaves out the first half of the months. Groups is the note on the names of groups.
func (c *cube) dropHalf(groups string) {
	n := len(c.Months)
	drop := n / 2
	for _, of := range c.values {
		for m, values := range of {
			var left []int64
			for i := range c.Cells {
				left = append(left, values[i*n+drop:(i+1)*n]...)
			}
			of[m] = left
		}
	}
	c.Months = c.Months[drop:]
	c.Note = strings.TrimSpace(groups + fmt.Sprintf(" The picture begins with %s, so that the page stays small; the table has all.", c.Months[0]))
	c.finish()
}

var days = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// heat is a heat map of hours by weekday.
func heat(id string, t *rows, cs columns) *cube {
	c := &cube{ID: id, Kind: "heat", Days: days}
	for h := 0; h < 24; h++ {
		c.Hours = append(c.Hours, fmt.Sprint(h))
	}
	for i := range 7 * 24 {
		c.Cells = append(c.Cells, cell{Label: fmt.Sprintf("%s %02d:00", days[i/24], i%24)})
	}
	cells := make([]int, t.NumRows())
	for row := range cells {
		h, ok1 := whole(cs.hour, row)
		d, ok2 := whole(cs.weekday, row)
		if cells[row] = -1; ok1 && ok2 && h >= 0 && h < 24 && d >= 1 && d <= 7 {
			cells[row] = int(d-1)*24 + int(h)
		}
	}
	return cubeOf(c, t, cs, cells)
}

// zoneMap is a map of zones.
func zoneMap(cfg Config, id string, t *rows, cs columns) *cube {
	c := &cube{ID: id, Kind: "map", ViewBox: viewBox(cfg)}
	cells := make([]int, t.NumRows())
	type key struct {
		taxi string
		id   int64
		null bool
	}
	seen := map[key]int{}
	for _, id := range mapped(cfg) { // all are drawn, also those without rows
		seen[key{id: id}] = len(c.Cells)
		c.Cells = append(c.Cells, zoneCell(cfg, "", id, true))
	}
	for row := range cells {
		n, ok := whole(cs.zone, row)
		k := key{id: n, null: !ok}
		if name, isText := cs.taxi.(*array.String); isText && !slices.Contains(cfg.ZonesOf, name.Value(row)) {
			k.taxi = name.Value(row)
		}
		at, found := seen[k]
		if !found {
			at = len(c.Cells)
			seen[k] = at
			c.Cells = append(c.Cells, zoneCell(cfg, k.taxi, n, ok))
		}
		cells[row] = at
	}
	return cubeOf(c, t, cs, cells)
}
