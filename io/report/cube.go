package report

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// cube is what a map or a heat map can show: for each group (such as a taxi), measure, cell (a zone, or an hour of a weekday) and month a
// number. The page shows one group, measure and month at a time. The script reads all from a compact form.
type cube struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"` // map or heat
	Groups   []string   `json:"groups"`
	Months   []string   `json:"months"` // what people read; one that is empty if there are none
	Measures []measure  `json:"measures"`
	Cells    []cell     `json:"cells"`
	Data     [][]string `json:"data"` // by group and measure, without derived ones: see encode

	Name    string      `json:"-"` // of the table
	ViewBox string      `json:"-"` // of a map
	Note    string      `json:"-"`
	Latest  int         `json:"-"` // of Months
	Hours   []string    `json:"-"` // of a heat map
	Days    []string    `json:"-"`
	values  [][][]int64 // by group and measure: by cell, then month
}

// measure is a column that can be shown.
type measure struct {
	Label  string      `json:"label"`
	Unit   string      `json:"unit"`
	Places int         `json:"places"`          // a value is a whole number of 10^-Places
	Minus  []int       `json:"minus,omitempty"` // the two measures whose difference it is
	Breaks [][]float64 `json:"breaks"`          // by group: where one colour ends and the next begins
}

// cell is a zone, or an hour of a weekday.
type cell struct {
	Label string `json:"label"`
	Sub   string `json:"sub,omitempty"`
	Shape string `json:"shape,omitempty"` // the zone's number, if it is on the map
	sort  int64
}

// none stands for a value that is not there.
const none = math.MinInt64

// colours is how many colours a scale has.
const colours = 7

// blank are values for cells and months.
func blank(cells, months int) []int64 {
	v := make([]int64, cells*months)
	for i := range v {
		v[i] = none
	}
	return v
}

// value returns a value, also of a derived measure.
func (c *cube) value(group, m, cell, month int) int64 {
	if of := c.Measures[m].Minus; of != nil {
		a, b := c.value(group, of[0], cell, month), c.value(group, of[1], cell, month)
		if a == none || b == none {
			return none
		}
		return a - b
	}
	return c.values[group][m][cell*len(c.Months)+month]
}

// finish sets what is made of the values: the form for the script, and the breaks of the colours.
func (c *cube) finish() {
	c.Data = nil
	for _, of := range c.values {
		var texts []string
		for _, values := range of {
			texts = append(texts, encode(values, len(c.Months)))
		}
		c.Data = append(c.Data, texts)
	}
	for m := range c.Measures {
		c.Measures[m].Breaks = nil
		for g := range c.Groups {
			c.Measures[m].Breaks = append(c.Measures[m].Breaks, c.breaks(g, m))
		}
	}
	c.Latest = len(c.Months) - 1
}

// size is roughly how many bytes the cube has in the page.
func (c *cube) size() (n int) {
	for _, of := range c.Data {
		for _, s := range of {
			n += len(s)
		}
	}
	return n + 80*len(c.Cells)
}

// encode writes values as text: for each cell, for each month a number of variable length, 7 bits in a byte, which is 0 for none, or else one
// more than the difference from the value before, whose sign is the lowest bit.
func encode(values []int64, months int) string {
	var b []byte
	for start := 0; start < len(values); start += months {
		before := int64(0)
		for _, v := range values[start : start+months] {
			if v == none {
				b = append(b, 0)
				continue
			}
			d := v - before
			b = binary.AppendUvarint(b, (uint64(d)<<1^uint64(d>>63))+1)
			before = v
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}

// breaks returns where the colours of a measure change, for all months, so that months can be compared. A measure whose largest values are
// many times its usual ones gets steps of about three times, others equal steps.
func (c *cube) breaks(g, m int) []float64 {
	var all []float64
	scale := math.Pow10(c.Measures[m].Places)
	for i := range c.Cells {
		for month := range c.Months {
			if v := c.value(g, m, i, month); v != none {
				all = append(all, float64(v)/scale)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	low, middle, high := all[0], all[len(all)/2], all[len(all)-1]
	if c.Measures[m].Minus != nil {
		most := max(-low, high)
		steps := thirds(most, 3)
		return []float64{-steps[2], -steps[1], -steps[0], steps[0], steps[1], steps[2]}
	}
	if low >= 0 && high > 20*max(middle, 1e-9) || low >= 0 && high > 100*max(low, 0.5) && c.Measures[m].Places == 0 && c.Kind == "map" {
		return thirds(high, colours-1)
	}
	if low == high {
		return []float64{low}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/colours)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if (high-low)/(step*f) <= colours {
			step *= f
			break
		}
	}
	var breaks []float64
	for v := (math.Floor(low/step) + 1) * step; v < high && len(breaks) < colours-1; v += step {
		breaks = append(breaks, math.Round(v*1e6)/1e6)
	}
	return breaks
}

// thirds are n numbers 1 and 3 times powers of ten, ascending, the last one not above most.
func thirds(most float64, n int) []float64 {
	steps := make([]float64, n)
	e := math.Floor(math.Log10(max(most, 1)))
	three := most >= 3*math.Pow(10, e)
	for i := n - 1; i >= 0; i-- {
		steps[i] = math.Pow(10, e)
		if three {
			steps[i] *= 3
		} else {
			e--
		}
		three = !three
	}
	// Steps below 1 mean nothing for counts.
	return steps
}

// class is the colour of a value: the number of breaks that it has reached.
func (c *cube) class(g, m int, v int64) string {
	if v == none {
		return "none"
	}
	real, n := float64(v)/math.Pow10(c.Measures[m].Places), 0
	for _, b := range c.Measures[m].Breaks[g] {
		if real >= b {
			n++
		}
	}
	if c.Measures[m].Minus != nil {
		return "d" + strconv.Itoa(n)
	}
	return "q" + strconv.Itoa(n)
}

// shown is a value as people read it.
func (c *cube) shown(m int, v int64) string {
	if v == none {
		return "–"
	}
	return decimals(float64(v)/math.Pow10(c.Measures[m].Places), c.Measures[m].Places)
}

// drawnShape is a cell of the picture as the page has it at first.
type drawnShape struct {
	Cell  int
	Shape string
	Class string
	X, Y  float64 // of a heat map
}

// Picture returns the cells that are drawn.
func (c *cube) Picture() (all []drawnShape) {
	for i, cell := range c.Cells {
		d := drawnShape{Cell: i, Shape: cell.Shape, Class: c.class(0, 0, c.value(0, 0, i, c.Latest))}
		if c.Kind == "heat" {
			d.X, d.Y = float64(i%24), float64(i/24)
		} else if cell.Shape == "" {
			continue
		}
		all = append(all, d)
	}
	return all
}

// Swatches are the colours of the first measure with their meaning.
func (c *cube) Swatches() (all []tick) {
	breaks := c.Measures[0].Breaks[0]
	p := c.Measures[0].Places
	for i := 0; i <= len(breaks); i++ {
		t := tick{Class: "q" + strconv.Itoa(i)}
		switch {
		case len(breaks) == 0:
			t.Text = "all"
		case i == 0 && p == 0 && breaks[0] == 1:
			t.Text = "0"
		case i == 0:
			t.Text = "below " + trimmed(breaks[0], p)
		default:
			t.Text = trimmed(breaks[i-1], p) + "+"
		}
		all = append(all, t)
	}
	return all
}

// trimmed is a number with the digits that it needs, at most some places.
func trimmed(v float64, places int) string {
	for p := range places {
		if math.Abs(v-math.Round(v*math.Pow10(p))/math.Pow10(p)) < 1e-9 {
			return decimals(v, p)
		}
	}
	return decimals(v, places)
}

// cellRow is a row of the table beside a map.
type cellRow struct {
	Cell   int
	Labels []string
	Cells  []string
}

// Top returns the rows of the cells with a value, the largest of the first measure first.
func (c *cube) Top() (all []cellRow) {
	var order []int
	for i := range c.Cells {
		if c.value(0, 0, i, c.Latest) != none {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(max(-1, min(1, c.value(0, 0, b, c.Latest)-c.value(0, 0, a, c.Latest))))
	})
	for _, i := range order {
		r := cellRow{Cell: i, Labels: []string{c.Cells[i].Label, c.Cells[i].Sub}}
		for m := range c.Measures {
			r.Cells = append(r.Cells, c.shown(m, c.value(0, m, i, c.Latest)))
		}
		all = append(all, r)
	}
	return all
}

// Heat returns the rows of a heat map's table: an hour each, a column for each day.
func (c *cube) Heat() (all []cellRow) {
	for h := range 24 {
		r := cellRow{Labels: []string{fmt.Sprintf("%02d:00", h)}}
		for d := range 7 {
			r.Cells = append(r.Cells, c.shown(0, c.value(0, 0, d*24+h, c.Latest)))
		}
		all = append(all, r)
	}
	return all
}
