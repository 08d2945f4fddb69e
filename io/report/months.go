package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"tripstats/io/tlc"
	"tripstats/transforms/element"
)

// taxi is what the page shows of a kind of taxi.
type taxi struct {
	Name  string // in tables
	Label string
	Class string // its colour
	Trips int64
}

// taxiLabels are how people call TLC's taxis.
var taxiLabels = map[string]string{"yellow": "Yellow", "green": "Green", "fhvhv": "Uber, Lyft", "fhv": "Other hired"}

// taxiClasses are the colours of the taxis, and of others in their order.
var taxiClasses = map[string]string{"yellow": "s1", "green": "s2", "fhvhv": "s3", "fhv": "s4"}

func seriesClass(i int) string { return fmt.Sprintf("s%d", i%8+1) }

// figure is a column of trip_stats that is drawn.
type figure struct {
	column, title, unit, prefix string
	places                      int
}

var drawn = []figure{
	{"trip_count", "Trips", "a month", "", 0},
	{"avg_trip_duration_minutes", "Minutes", "mean of a trip", "", 2},
	{"avg_trip_distance_miles", "Miles", "mean of a trip", "", 2},
	{"avg_amount", "Cost", "in dollars, mean of a trip", "$", 2},
	{"avg_tip", "Tip", "in dollars, mean of a trip", "$", 2},
}

// monthly are the rows of trip_stats.
type monthly struct {
	taxis       []taxi
	first, last month
	months      []month                        // between these, those of a file or a trip
	values      map[string]map[month][]float64 // by taxi, for each of drawn; NaN if null
	files       map[string]map[month]bool      // by taxi, months of files without trips too
	notes       []string
	has         bool // there is a table trip_stats
	refused     int64
}

// stats reads trip_stats.
func stats(cfg Config, tables map[string]*rows) *monthly {
	s := &monthly{values: map[string]map[month][]float64{}, files: map[string]map[month]bool{}}
	named, unnamed := false, false
	trips := map[string]int64{}
	for _, in := range cfg.Manifest.Inputs {
		s.refused += in.Rows - in.Counted
		m, ok := parseMonth(in.Month)
		named, unnamed = named || ok, unnamed || !ok
		for _, t := range element.SplitTaxis(in.Taxi) {
			if ok {
				s.file(t, m)
			}
			trips[t] += 0
		}
	}
	t := tables["trip_stats"]
	s.has = t != nil
	if !s.has {
		t = tables["location_stats"]
	}
	total, stray, strayMonths := int64(0), int64(0), map[month]bool{}
	undated := int64(0)
	if t != nil {
		count := t.column("trip_count")
		if count == nil {
			count = t.column("pickups")
		}
		for row := range int(t.NumRows()) {
			name := text(t.column("taxi"), row)
			n, _ := whole(count, row)
			trips[name] += n
			total += n
			days, ok := whole(t.column("month_start"), row)
			if !ok {
				undated += n
				continue
			}
			if s.values[name] == nil {
				s.values[name] = map[month][]float64{}
			}
			m, values := monthOf(days), make([]float64, len(drawn))
			for i, f := range drawn {
				if values[i], ok = real(t.column(f.column), row); !ok {
					values[i] = math.NaN()
				}
			}
			if !s.has { // several rows a month
				values[0] = float64(n)
				if before := s.values[name][m]; before != nil {
					values[0] += before[0]
				}
			}
			s.values[name][m] = values
		}
	}
	// The months of the pictures are those that files are named after. Without rules a file has trips of 2001 and 2088 too.
	s.first, s.last = math.MaxInt, 0
	for _, of := range s.files {
		for m := range of {
			s.span(m)
		}
	}
	if !named || unnamed {
		for _, of := range s.values {
			for m, v := range of {
				if !(v[0] < float64(total)/1000) {
					s.span(m)
				}
			}
		}
	}
	if s.first > s.last {
		s.first, s.last = 0, -1
	}
	for _, of := range s.values {
		for m, v := range of {
			if m < s.first || m > s.last {
				stray += int64(v[0])
				strayMonths[m] = true
				delete(of, m)
			}
		}
	}
	if len(strayMonths) > 0 {
		s.notes = append(s.notes, fmt.Sprintf("In the tables, but not in the pictures: %s of %s.", plural(stray, "trip"), plural(int64(len(strayMonths)), "other month")))
	}
	if undated > 0 {
		s.notes = append(s.notes, fmt.Sprintf("In the tables, but not in the pictures: %s without a pickup time.", plural(undated, "trip")))
	}
	for m := s.first; m <= s.last; m++ {
		for name := range trips {
			if s.files[name][m] || s.values[name][m] != nil {
				s.months = append(s.months, m)
				break
			}
		}
	}
	s.setTaxis(trips)
	return s
}

func plural(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return group(fmt.Sprint(n)) + " " + what
}

func (s *monthly) span(m month) { s.first, s.last = min(s.first, m), max(s.last, m) }

func (s *monthly) file(taxi string, m month) {
	if s.files[taxi] == nil {
		s.files[taxi] = map[month]bool{}
	}
	s.files[taxi][m] = true
}

// setTaxis sets the taxis: TLC's in their order, then others by name.
func (s *monthly) setTaxis(trips map[string]int64) {
	known := tlc.Taxis()
	for name, n := range trips {
		if name == "" && n == 0 {
			continue
		}
		label := taxiLabels[name]
		if label == "" {
			label = name
		}
		s.taxis = append(s.taxis, taxi{Name: name, Label: label, Class: taxiClasses[name], Trips: n})
	}
	sortBy(s.taxis, func(t taxi) string { return t.Name })
	sortBy(s.taxis, func(t taxi) int {
		if i := slices.Index(known, t.Name); i >= 0 {
			return i
		}
		return len(known)
	})
	others := 4
	for i := range s.taxis {
		if t := &s.taxis[i]; t.Class == "" {
			t.Class = seriesClass(others)
			others++
		}
	}
}

// value is a figure of a taxi's month; NaN if there is none.
func (s *monthly) value(taxi string, m month, figure int) float64 {
	if v := s.values[taxi][m]; v != nil {
		return v[figure]
	}
	return math.NaN()
}

// charts draws the figures by month and taxi.
func (s *monthly) charts() (all []chart) {
	if !s.has || s.last < s.first {
		return nil
	}
	for i, f := range drawn {
		var lines []series
		table := figures{Caption: f.title + " by month: " + f.unit, Head: []string{"Month"}}
		for _, t := range s.taxis {
			l := series{Name: t.Label, Class: t.Class}
			for m := s.first; m <= s.last; m++ {
				v := s.value(t.Name, m, i)
				if i == 0 && v == 0 {
					v = math.NaN() // a month without trips is no low, but a gap
				}
				l.Values = append(l.Values, v)
			}
			lines = append(lines, l)
			table.Head = append(table.Head, t.Label)
		}
		for _, m := range s.months {
			row := []string{m.String()}
			for _, t := range s.taxis {
				row = append(row, s.cell(t.Name, m, i))
			}
			table.Rows = append(table.Rows, row)
		}
		c := chartOf(f.column, f.title, f.unit, f.prefix, lines, monthTicks(s.first, s.last))
		c.Caption = fmt.Sprintf("%s by month, %s to %s, a line for each taxi; the table below has the figures", f.title, s.first.long(), s.last.long())
		c.Table = table
		all = append(all, c)
	}
	return all
}

// cell is a figure as people read it.
func (s *monthly) cell(taxi string, m month, figure int) string {
	v := s.value(taxi, m, figure)
	if math.IsNaN(v) {
		return "–"
	}
	return drawn[figure].prefix + decimals(v, drawn[figure].places)
}

// nowRow are the figures of a taxi in one month.
type nowRow struct {
	Taxi  taxi
	Cells []string
}

// now are the figures of the latest month.
func (s *monthly) now() (all []nowRow) {
	for _, t := range s.taxis {
		row := nowRow{Taxi: t}
		for i := range drawn {
			if s.last >= s.first {
				row.Cells = append(row.Cells, s.cell(t.Name, s.last, i))
			}
		}
		all = append(all, row)
	}
	return all
}

// title names the page.
func (s *monthly) title(cfg Config) string {
	title := "Trips"
	if !slices.ContainsFunc(s.taxis, func(t taxi) bool { return !slices.Contains(cfg.ZonesOf, t.Name) }) {
		title = "Taxi trips in New York"
	}
	switch {
	case s.last < s.first:
		return title
	case s.first == s.last:
		return title + ", " + s.first.long()
	}
	return title + ", " + s.first.long() + " to " + s.last.long()
}

// lead is the first sentence.
func (s *monthly) lead(cfg Config) string {
	m := cfg.Manifest
	total := int64(0)
	for _, t := range s.taxis {
		total += t.Trips
	}
	if m.Quality != "standard" && m.Rules == nil {
		return fmt.Sprintf("%s of %s. No rules were applied: bad rows are among them.", plural(m.Rows, "trip record"), plural(int64(len(m.Inputs)), "file"))
	}
	share := "0"
	if m.Rows > 0 {
		share = decimals(100*float64(s.refused)/float64(m.Rows), 3)
	}
	return fmt.Sprintf("%s of %s were read. The rules refused %s of them (%s %%); the others are counted here.",
		plural(m.Rows, "trip record"), plural(int64(len(m.Inputs)), "file"), group(fmt.Sprint(s.refused)), share)
}

// gaps are which months there are.
type gaps struct {
	Columns []tick
	Rows    []gapRow
}

type gapRow struct {
	Taxi              taxi
	Has, Empty, Lacks string // paths
	Text              string
	Missing           int
}

// gaps finds the months that are missing between the first and the last one of each taxi.
func (s *monthly) gaps() *gaps {
	if s.last < s.first {
		return nil
	}
	g := &gaps{Columns: monthTicks(s.first, s.last)}
	width := chartWidth / float64(s.last-s.first+1)
	for _, t := range s.taxis {
		own := monthly{first: math.MaxInt}
		for m := range s.values[t.Name] {
			own.span(m)
		}
		for m := range s.files[t.Name] {
			own.span(m)
		}
		row := gapRow{Taxi: t}
		var missing, empty []month
		var has, none, lacks strings.Builder
		for m := own.first; m <= own.last; m++ {
			to, v := &has, s.value(t.Name, m, 0)
			switch {
			case v > 0:
			case s.files[t.Name][m]:
				to, empty = &none, append(empty, m)
			default:
				to, missing = &lacks, append(missing, m)
			}
			x := float64(m-s.first) * width
			fmt.Fprintf(to, "M%v 0h%vv20h-%vz", round1(x), round1(width*0.86), round1(width*0.86))
		}
		row.Has, row.Empty, row.Lacks, row.Missing = has.String(), none.String(), lacks.String(), len(missing)
		switch {
		case own.last < own.first:
			row.Text = "no months"
		case len(missing) == 0:
			row.Text = fmt.Sprintf("%s to %s: none is missing", own.first, own.last)
		default:
			row.Text = fmt.Sprintf("%s to %s: %s missing: %s", own.first, own.last, plural(int64(len(missing)), "month"), ranges(missing))
		}
		if len(empty) > 0 {
			row.Text += "; without trips: " + ranges(empty)
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// ranges writes months, and those that follow each other as a range.
func ranges(months []month) string {
	var parts []string
	for i := 0; i < len(months); {
		j := i
		for j+1 < len(months) && months[j+1] == months[j]+1 {
			j++
		}
		part := months[i].String()
		if j > i {
			part += " to " + months[j].String()
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
