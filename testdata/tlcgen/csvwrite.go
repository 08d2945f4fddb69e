package tlcgen

import (
	"context"
	"io"
	"math"
	"runtime"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// chunkBlocks is how many blocks are written as text by one goroutine at a time.
const chunkBlocks = 4

// textChunk is consecutive rows on their way to text.
type textChunk struct {
	blocks [chunkBlocks]block
	first  [chunkBlocks]int64 // number of the block's first row
	used   int
	out    []byte
	done   chan struct{}
}

// writeText writes a CSV file. Rows are made and counted one after the other; several goroutines write them as text.
func writeText(ctx context.Context, w io.Writer, o Options, v variant) (*counter, *stream, textTruth, error) {
	form := newTextForm(o, v)
	out, finish := textWriter(w, o)
	rows, counts := newStream(o, v), newCounter(o.Month, v)
	if _, err := out.Write(form.header(o.Rows)); err != nil {
		return nil, nil, textTruth{}, err
	}

	workers := runtime.GOMAXPROCS(0)
	free, work, ordered := make(chan *textChunk, 2*workers), make(chan *textChunk, 2*workers), make(chan *textChunk, 2*workers)
	for range 2 * workers {
		free <- &textChunk{done: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			f := *form
			f.scratch = &chunkWriter{style: v.style}
			for c := range work {
				c.out = c.out[:0]
				for i := range c.used {
					c.out = f.block(c.out, &c.blocks[i], c.first[i])
				}
				c.done <- struct{}{}
			}
		})
	}
	var failed error
	written := make(chan struct{})
	go func() {
		defer close(written)
		for c := range ordered {
			<-c.done
			if failed == nil {
				_, failed = out.Write(c.out)
			}
			free <- c
		}
	}()
	for rows.made < o.Rows && ctx.Err() == nil {
		c := <-free
		for c.used = 0; c.used < chunkBlocks && rows.made < o.Rows; c.used++ {
			b := &c.blocks[c.used]
			b.used, c.first[c.used] = v.fields(), rows.made
			rows.fill(b, o.Rows)
			if o.Text.Times.minutes() {
				b.wholeMinutes()
			}
			counts.add(b)
		}
		work <- c
		ordered <- c
	}
	close(work)
	close(ordered)
	wg.Wait()
	<-written
	if failed == nil {
		failed = ctx.Err()
	}
	if failed == nil {
		failed = finish()
	}
	return counts, rows, form.truth(), failed
}

// textWriter returns where the text goes, and what ends it.
func textWriter(w io.Writer, o Options) (io.Writer, func() error) {
	if o.Format != CSVGzip {
		return w, func() error { return nil }
	}
	m := &members{w: w, left: max(1, o.Text.Members) - 1}
	m.zip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is a valid one
	return m, func() error { return m.zip.Close() }
}

// members writes a gzip file of several members: each of the first writes has its own.
type members struct {
	w    io.Writer
	zip  *gzip.Writer
	left int
}

func (m *members) Write(p []byte) (int, error) {
	n, err := m.zip.Write(p)
	if err == nil && m.left > 0 {
		m.left--
		if err = m.zip.Close(); err == nil {
			m.zip.Reset(m.w)
		}
	}
	return n, err
}

// wholeMinutes takes the seconds off the times.
func (b *block) wholeMinutes() {
	for _, f := range [...]field{fPickup, fDropoff} {
		for i, v := range b.v[f][:b.n] {
			if v == valueBad {
				continue
			}
			rest := v % 60_000_000
			if rest < 0 {
				rest += 60_000_000
			}
			b.v[f][i] = v - rest
		}
	}
}

// textForm writes rows as text. Its copies may work at the same time.
type textForm struct {
	o       Options
	columns []Column
	rows    int64
	scratch *chunkWriter
	columnText
}

// textTruth is what a text has beside its rows.
type textTruth struct{ blank, malformed int64 }

func newTextForm(o Options, v variant) *textForm {
	return &textForm{o: o, columns: o.written(v.columns), rows: o.Rows}
}

func (f *textForm) truth() textTruth {
	t := f.o.Text
	truth := textTruth{blank: int64(t.BlankLines), malformed: f.o.Plant.Malformed}
	if f.rows > 0 {
		truth.blank += t.StrayBlanks
	} else {
		truth.malformed = 0
	}
	return truth
}

// header returns the first line and the blank ones after it.
func (f *textForm) header(rows int64) []byte {
	t := f.o.Text
	var out []byte
	if t.BOM {
		out = append(out, "\xef\xbb\xbf"...)
	}
	if t.Index {
		out = f.quotedName(out, "")
		out = append(out, ',')
	}
	for i, c := range f.columns {
		if i > 0 {
			out = append(out, ',')
			if t.SpacedNames {
				out = append(out, ' ')
			}
		}
		out = f.quotedName(out, c.Name)
	}
	last := rows == 0 && t.BlankLines == 0 && t.NoLastEnd
	if !last {
		out = f.lineEnd(out, t.Lines == HeaderLF, -1)
	}
	for i := range t.BlankLines {
		out = f.lineEnd(out, t.Lines == HeaderLF && i+1 < t.BlankLines, int64(-2-i))
	}
	return out
}

func (f *textForm) quotedName(out []byte, name string) []byte {
	if f.o.Text.Quoted == QuoteTexts || f.o.Text.Quoted == QuoteAll {
		return append(append(append(out, '"'), name...), '"')
	}
	return append(out, name...)
}

// lineEnd ends a line that has a number.
func (f *textForm) lineEnd(out []byte, lf bool, line int64) []byte {
	switch f.o.Text.Lines {
	case CRLF:
		lf = false
	case LF:
		lf = true
	case MixedLines:
		lf = mix(uint64(line))&1 == 0
	}
	if !lf {
		out = append(out, '\r')
	}
	return append(out, '\n')
}

// mix spreads a number over all bits, for choices that no order of work may change.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// block appends the lines of a block whose first row has a number.
func (f *textForm) block(out []byte, b *block, first int64) []byte {
	f.prepare(f.scratch, f.columns, b)
	t := f.o.Text
	for i := range b.n {
		row := first + int64(i)
		for k := spread(t.StrayBlanks, f.rows, row); k.from < k.to; k.from++ {
			out = f.lineEnd(out, false, row+k.from)
		}
		before := len(out)
		out = f.line(out, b, i, row)
		end := len(out)
		for k := spread(f.o.Plant.Malformed, f.rows, row); k.from < k.to; k.from++ {
			out = f.lineEnd(out, false, row)
			out = f.malformed(out, out[before:end], k.from)
		}
		if row < f.rows-1 || !t.NoLastEnd {
			out = f.lineEnd(out, false, row)
		}
	}
	return out
}

// span is the numbers from one to before another.
type span struct{ from, to int64 }

// spread shares n things out over rows and returns those of a row.
func spread(n, rows, row int64) span { return span{n * row / rows, n * (row + 1) / rows} }

func (f *textForm) line(out []byte, b *block, i int, row int64) []byte {
	t := f.o.Text
	if t.Index {
		out = strconv.AppendInt(out, row, 10)
		out = append(out, ',')
	}
	for c := range f.columns {
		if c > 0 {
			out = append(out, ',')
		}
		out = f.cell(out, c, b, i, row)
	}
	for range t.TrailingCommas {
		out = append(out, ',')
	}
	return out
}

// cell appends a cell with what surrounds it.
func (f *textForm) cell(out []byte, c int, b *block, i int, row int64) []byte {
	t := f.o.Text
	if t.Quoted == QuoteNone && !t.Spaces && !t.NotAvailable { // the usual form, fast
		return f.value(out, c, b, i)
	}
	chosen := mix(uint64(row)<<8 | uint64(c))
	quoted := t.Quoted == QuoteAll || t.Quoted == QuoteTexts && isText(f.columns[c]) && !f.null(c, b, i) || t.Quoted == QuoteSome && chosen>>8&3 == 0
	spaced := t.Spaces && chosen>>16%5 == 0
	if spaced || quoted && t.Quoted == QuoteSome && chosen>>24&1 == 0 {
		out = append(out, ' ')
	}
	if quoted {
		out = append(out, '"')
	}
	if f.null(c, b, i) && t.NotAvailable && chosen>>32%3 == 0 {
		out = append(out, "N/A"...)
	} else {
		out = f.value(out, c, b, i)
	}
	if quoted {
		out = append(out, '"')
	}
	if spaced || quoted && t.Quoted == QuoteSome && chosen>>25&1 == 0 {
		out = append(out, ' ')
	}
	return out
}

func isText(c Column) bool { return c.Type == String || c.Type == LargeString }

// malformed appends line k of those that are no rows, made from a good one.
func (f *textForm) malformed(out, good []byte, k int64) []byte {
	cells := len(f.columns) + btoi(f.o.Text.Index)
	switch k % 4 {
	case 0: // cut: about half of the cells
		commas := 0
		for i, c := range good {
			if c == ',' {
				if commas++; commas == max(1, cells/2) {
					return append(out, good[:i]...)
				}
			}
		}
		return append(out, '"') // a file of one column
	case 1: // a cell too many
		out = append(out, good...)
		return append(out, ",1"...)
	case 2: // a quote that stays open
		return append(append(append(out, '"'), "CMT,"...), good...)
	}
	return append(append(out, `"1"x,`...), good...) // text after the closing quote
}

// columnText has what the columns of a block need on their way to text.
type columnText struct {
	doubles [][]float64 // by column; nil but for those that have to be converted
	days    dayText
}

// prepare converts the columns of a block.
func (t *columnText) prepare(scratch *chunkWriter, columns []Column, b *block) {
	if t.doubles == nil {
		t.doubles = make([][]float64, len(columns))
	}
	for i, c := range columns {
		if c.Type == Double && !hundredths(c.field) {
			if t.doubles[i] == nil {
				t.doubles[i] = make([]float64, blockRows)
			}
			scratch.toDoubles(b.v[c.field][:b.n], c.field)
			copy(t.doubles[i], scratch.doubles[:b.n])
		}
	}
}

// null reports whether a cell has no value.
func (f *textForm) null(c int, b *block, i int) bool {
	return f.columns[c].Type == Null || b.nulls[i].has(f.columns[c].field)
}

// value appends what a cell holds: nothing if it is null.
func (f *textForm) value(out []byte, c int, b *block, i int) []byte {
	if f.null(c, b, i) {
		return out
	}
	col := f.columns[c]
	v := b.v[col.field][i]
	switch {
	case v == valueBad:
		return append(out, badTexts[col.field == fPickup || col.field == fDropoff][mix(uint64(i))%4]...)
	case v == valueNaN:
		return append(out, "NaN"...)
	case v == valueInf:
		return append(out, "inf"...)
	case isTime(col):
		return f.days.append(out, v, f.o.Text.Times)
	case isText(col):
		return append(out, f.scratch.style.texts[col.field][v]...)
	case col.Type != Double:
		return strconv.AppendInt(out, v, 10)
	case hundredths(col.field):
		return f.hundredth(out, v, col.field)
	}
	return f.number(out, f.doubles[c][i])
}

// badTexts are cells that hold no number and, under true, no time.
var badTexts = map[bool][4]string{
	false: {"abc", "1.2.3", "--", "$5"},
	true:  {"not a time", "2014-13-01 00:00:00", "12:30", "2014-02-30 12:00:00"},
}

// isTime reports whether a column has times, whatever its type.
func isTime(c Column) bool {
	return c.Type == Timestamp || c.field == fPickup || c.field == fDropoff
}

// hundredths reports whether a field is counted in cents or hundredths of a mile.
func hundredths(f field) bool { return hundredthFields.has(f) }

var hundredthFields = setOf(append(money[:], fDistance, fEhail)...)

// hundredth appends v/100.
func (f *textForm) hundredth(out []byte, v int64, col field) []byte {
	switch t := f.o.Text.Numbers; {
	case t == Numbers17:
		x := float64(v) / 100
		if s := f.scratch.style; s.inexact && v%25 != 0 && -100_00 < v && v < 100_00 {
			x = s.inexactly(x, v)
		}
		return strconv.AppendFloat(out, x, 'g', 17, 64)
	case t == NumbersPython:
		out = appendHundredths(out, v, true, 1)
	case t == NumbersSQL && col == fDistance:
		out = appendHundredths(out, v, false, 2)
	default:
		out = appendHundredths(out, v, true, 0)
	}
	return out
}

// appendHundredths appends v/100 with at least so many decimals, with or without a zero before the point.
func appendHundredths(out []byte, v int64, zero bool, decimals int) []byte {
	if v < 0 {
		out, v = append(out, '-'), -v
	}
	whole, rest := v/100, v%100
	for keep := 2; ; keep-- {
		if keep == decimals || keep > 0 && rest%10 != 0 || keep == 0 {
			if whole > 0 || zero || keep == 0 {
				out = strconv.AppendInt(out, whole, 10)
			}
			switch keep {
			case 2:
				out = append(out, '.', byte('0'+rest/10), byte('0'+rest%10))
			case 1:
				out = append(out, '.', byte('0'+rest))
			}
			return out
		}
		rest /= 10
	}
}

// number appends a number that is no whole number of hundredths.
func (f *textForm) number(out []byte, x float64) []byte {
	switch {
	case f.o.Text.Numbers == Numbers17:
		return strconv.AppendFloat(out, x, 'g', 17, 64)
	case f.o.Text.Numbers == NumbersPython && x == math.Trunc(x):
		return strconv.AppendFloat(out, x, 'f', 1, 64)
	}
	return strconv.AppendFloat(out, x, 'f', -1, 64)
}
