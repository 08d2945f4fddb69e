package report

import (
	"fmt"
	"math"
	"strings"
)

// chart is a picture of lines over time. Its lines are SVG that is stretched to the width of the screen; its texts are HTML beside it, at
// heights in pixels and widths in hundredths.
type chart struct {
	ID, Title, Unit string
	Caption         string // what a screen reader says of the picture
	Height          int
	Rows            []tick // of the vertical axis
	Columns         []tick // of the horizontal axis
	Lines           []line
	Ends            []tick // the name of each line, at its end
	Table           figures
}

// figures are what a picture shows, as a table.
type figures struct {
	Caption string
	Head    []string
	Rows    [][]string
	Note    string
}

// tick is a text at a place.
type tick struct {
	Text  string
	At    float64 // from the top or the left
	Class string
}

// line is the paths of a line: where values follow each other, where one stands alone, and across the gaps.
type line struct{ Class, Path, Dots, Gaps string }

// series is what a line shows: a value for each place on the horizontal axis; NaN where there is none.
type series struct {
	Name, Class string
	Values      []float64
}

const (
	chartHeight = 200 // pixels
	chartWidth  = 1000
	endHeight   = 17 // of a line of text
)

// axis returns the least and the largest value of an axis, and the step between its ticks, for values from low to high.
func axis(low, high float64) (from, to, step float64) {
	low, high = min(low, 0), max(high, 0)
	if low == high {
		high = 1
	}
	step = math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if (high-low)/(step*f) <= 4.5 {
			step *= f
			break
		}
	}
	return math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step, step
}

// chartOf draws each series as a line. places are the marks of the horizontal axis, in hundredths of the width. prefix stands before each
// number of the vertical axis.
func chartOf(id, title, unit, prefix string, all []series, places []tick) chart {
	c := chart{ID: id, Title: title, Unit: unit, Height: chartHeight, Columns: places}
	low, high := 0.0, 0.0
	for _, s := range all {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	from, to, step := axis(low, high)
	scale := 1.0
	if to >= 2e6 {
		scale, c.Unit = 1e6, strings.TrimSpace("in millions "+unit)
	}
	y := func(v float64) float64 { return chartHeight * (to - v) / (to - from) }
	digits := 0
	for s := step / scale; digits < 6 && math.Abs(s-math.Round(s)) > 1e-9; digits++ {
		s *= 10
	}
	for i := 0; from+float64(i)*step <= to+step/2; i++ {
		v := from + float64(i)*step
		c.Rows = append(c.Rows, tick{Text: prefix + decimals(v/scale, digits), At: round1(y(v))})
	}
	for _, s := range all {
		l := line{Class: s.Class}
		last := -1
		var path, gaps, dots strings.Builder
		there := func(i int) bool { return i >= 0 && i < len(s.Values) && !math.IsNaN(s.Values[i]) }
		place := func(i int) string {
			x := chartWidth / 2.0
			if len(s.Values) > 1 {
				x = round1(float64(i) * chartWidth / float64(len(s.Values)-1))
			}
			return fmt.Sprintf("%v %v", x, round1(y(s.Values[i])))
		}
		for i := range s.Values {
			switch {
			case !there(i):
				continue
			case there(i - 1):
				path.WriteString("L" + place(i))
			case there(i + 1):
				path.WriteString("M" + place(i))
			default:
				dots.WriteString("M" + place(i) + "h0")
			}
			if last >= 0 && last < i-1 {
				gaps.WriteString("M" + place(last) + "L" + place(i))
			}
			last = i
		}
		if last >= 0 {
			l.Path, l.Gaps, l.Dots = path.String(), gaps.String(), dots.String()
			c.Lines = append(c.Lines, l)
			c.Ends = append(c.Ends, tick{Text: short(s.Name), At: y(s.Values[last]), Class: s.Class})
		}
	}
	apart(c.Ends)
	return c
}

func round1(v float64) float64 { return math.Round(v*10) / 10 }

// short cuts a name that a line's end has no room for.
func short(name string) string {
	if r := []rune(name); len(r) > 20 {
		return string(r[:19]) + "…"
	}
	return name
}

// apart moves texts away from each other, so that none lies on another.
func apart(ends []tick) {
	sortBy(ends, func(t tick) float64 { return t.At })
	for i := range ends {
		ends[i].At = max(ends[i].At, endHeight/2)
		if i > 0 {
			ends[i].At = max(ends[i].At, ends[i-1].At+endHeight)
		}
	}
	for i := len(ends) - 1; i >= 0; i-- {
		most := float64(chartHeight)
		if i < len(ends)-1 {
			most = ends[i+1].At - endHeight
		}
		ends[i].At = round1(min(ends[i].At, most))
	}
}

// monthTicks are marks of an axis of months: years, or months if there are few.
func monthTicks(first, last month) []tick {
	n := int(last - first)
	if n == 0 {
		return []tick{{Text: first.String(), At: 50}}
	}
	at := func(m month) float64 { return round1(100 * float64(m-first) / float64(n)) }
	if n < 24 {
		ticks := []tick{{Text: first.String(), At: 0, Class: "start"}, {Text: last.String(), At: 100, Class: "end"}}
		if n%2 == 0 && n > 2 {
			ticks = append(ticks[:1], tick{Text: (first + month(n/2)).String(), At: 50, Class: "wide"}, ticks[1])
		}
		return ticks
	}
	var ticks []tick
	years := (n + 11) / 12
	every := (years + 5) / 6
	for y := first.year(); y <= last.year(); y++ {
		if m := month(y * 12); m >= first && m <= last && y%every == 0 && at(m) < 97 {
			t := tick{Text: fmt.Sprint(y), At: at(m)}
			if (y/every)%2 == 1 {
				t.Class = "wide"
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}
