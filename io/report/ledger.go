package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// ledger is the table quality as pictures: a line for each rule, with a bar for each month.
type ledger struct {
	Columns []tick
	Rules   []ruleRow
	Share   *chart // of rows refused, by month and taxi
	Table   figures
	Without int64 // rows of sources without a month in their names
}

// ruleRow is a rule with what it did.
type ruleRow struct {
	Rule       Rule
	Scope      string
	Bars       string // a path
	Most       string // the rows of the highest bar, and its month
	Rows, Part string
	rows       int64
}

const barHeight = 32

// ledgerOf reads the table quality. A row counts in the month of its file, because the months of refused rows may be any; if the file's name
// has no month, a row counts in the month of its pickup.
func ledgerOf(cfg Config, s *monthly, t *rows) *ledger {
	if t == nil {
		return nil
	}
	l := &ledger{}
	monthAt := func(row int) (month, bool) {
		days, ok := whole(t.column("month_start"), row)
		return monthOf(days), ok
	}
	type source struct{ taxi, name string }
	files := map[source]month{}
	read, counted := map[string]map[month]int64{}, map[string]map[month]int64{}
	add := func(to map[string]map[month]int64, key string, m month, n int64) {
		if to[key] == nil {
			to[key] = map[month]int64{}
		}
		to[key][m] += n
	}
	total := int64(0)
	for row := range int(t.NumRows()) {
		if text(t.column("scope"), row) != "file" {
			continue
		}
		n, _ := whole(t.column("rows"), row)
		rule, m, ok := text(t.column("rule"), row), month(0), false
		if m, ok = monthAt(row); ok {
			files[source{text(t.column("taxi"), row), text(t.column("source"), row)}] = m
		}
		switch {
		case rule == "rows_read":
			total += n
			if !ok {
				l.Without += n
			} else {
				add(read, text(t.column("taxi"), row), m, n)
			}
		case rule == "rows_counted" && ok:
			add(counted, text(t.column("taxi"), row), m, n)
		}
	}
	rules := map[string]map[month]int64{}
	sums, scopes := map[string]int64{}, map[string]string{}
	for row := range int(t.NumRows()) {
		scope := text(t.column("scope"), row)
		if scope == "file" {
			continue
		}
		rule := text(t.column("rule"), row)
		n, _ := whole(t.column("rows"), row)
		sums[rule] += n
		scopes[rule] = scope
		m, ok := files[source{text(t.column("taxi"), row), text(t.column("source"), row)}]
		if !ok {
			m, ok = monthAt(row)
		}
		if ok && m >= s.first && m <= s.last {
			add(rules, rule, m, n)
		}
	}
	l.draw(cfg, s, rules, sums, scopes, total)
	l.share(s, read, counted)
	return l
}

// draw makes the rows of rules: those that refuse rows first, then those that leave values out, the most frequent first.
func (l *ledger) draw(cfg Config, s *monthly, rules map[string]map[month]int64, sums map[string]int64, scopes map[string]string, total int64) {
	for name, n := range sums {
		r := ruleRow{Rule: Rule{Name: name, Refuses: scopes[name] == "row"}, rows: n, Rows: group(fmt.Sprint(n)), Scope: "leaves a value out"}
		if i := slices.IndexFunc(cfg.Rules, func(r Rule) bool { return r.Name == name }); i >= 0 {
			r.Rule = cfg.Rules[i]
		}
		if r.Rule.Refuses {
			r.Scope = "refuses the row"
		}
		if total > 0 {
			r.Part = decimals(100*float64(n)/float64(total), 3) + " %"
		}
		most, when := int64(0), s.first
		for m := s.first; m <= s.last; m++ {
			if v := rules[name][m]; v > most {
				most, when = v, m
			}
		}
		if most > 0 {
			r.Most = group(fmt.Sprint(most)) + " in " + when.String()
		}
		var b strings.Builder
		width := chartWidth / float64(s.last-s.first+1)
		bar := min(width*0.8, 60)
		for m := s.first; m <= s.last; m++ {
			if v := rules[name][m]; v > 0 {
				h := max(1.5, round1(barHeight*float64(v)/float64(most)))
				fmt.Fprintf(&b, "M%v %dv-%vh%vv%vz", round1((float64(m-s.first)+0.5)*width-bar/2), barHeight, h, round1(bar), h)
			}
		}
		r.Bars = b.String()
		l.Rules = append(l.Rules, r)
	}
	sortBy(l.Rules, func(r ruleRow) string { return r.Rule.Name })
	sortBy(l.Rules, func(r ruleRow) int64 { return -r.rows })
	sortBy(l.Rules, func(r ruleRow) int { return asNumber(!r.Rule.Refuses) })
	l.Columns = barTicks(s.first, s.last)
	l.Table = figures{Caption: "Rows by month and rule", Head: []string{"Month"}}
	for _, r := range l.Rules {
		l.Table.Head = append(l.Table.Head, r.Rule.Name)
	}
	for m := s.first; m <= s.last; m++ {
		row, any := []string{m.String()}, false
		for _, r := range l.Rules {
			n := rules[r.Rule.Name][m]
			any = any || n > 0
			row = append(row, group(fmt.Sprint(n)))
		}
		if any {
			l.Table.Rows = append(l.Table.Rows, row)
		}
	}
}

func asNumber(b bool) int {
	if b {
		return 1
	}
	return 0
}

// share draws the share of rows that were refused, of files with a month.
func (l *ledger) share(s *monthly, read, counted map[string]map[month]int64) {
	if s.last < s.first || len(read) == 0 {
		return
	}
	var lines []series
	table := figures{Caption: "Share of rows refused, in hundredths", Head: []string{"Month"}}
	for _, t := range s.taxis {
		line := series{Name: t.Label, Class: t.Class}
		for m := s.first; m <= s.last; m++ {
			v := math.NaN()
			if n := read[t.Name][m]; n > 0 {
				v = 100 * float64(n-counted[t.Name][m]) / float64(n)
			}
			line.Values = append(line.Values, v)
		}
		lines = append(lines, line)
		table.Head = append(table.Head, t.Label)
	}
	for i := range int(s.last-s.first) + 1 {
		row := []string{(s.first + month(i)).String()}
		for _, line := range lines {
			if v := line.Values[i]; math.IsNaN(v) {
				row = append(row, "–")
			} else {
				row = append(row, decimals(v, 4)+" %")
			}
		}
		table.Rows = append(table.Rows, row)
	}
	c := chartOf("refused", "Rows refused", "per cent of the rows read", "", lines, monthTicks(s.first, s.last))
	c.Caption = "Share of rows refused by month, a line for each taxi; the table below has the figures"
	c.Table = table
	l.Share = &c
}

// barTicks are the marks of an axis of bars, which stand in the middle of their months.
func barTicks(first, last month) []tick {
	ticks := monthTicks(first, last)
	n := float64(last - first)
	for i := range ticks {
		if n > 0 && ticks[i].Class != "start" && ticks[i].Class != "end" {
			ticks[i].At = round1((ticks[i].At*n/100 + 0.5) / (n + 1) * 100)
		}
	}
	return ticks
}

// isMonths tells whether all values of a column of dates are the first day of a month.
func isMonths(c arrow.Array) bool {
	for row := range c.Len() {
		if days, ok := whole(c, row); ok && arrow.Date32(days).ToTime().Day() != 1 {
			return false
		}
	}
	return true
}
