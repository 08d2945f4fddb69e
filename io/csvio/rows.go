package csvio

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/element"
)

// BatchRows is the most rows of a batch.
const BatchRows = 16 << 10

// slack is how many readable bytes must follow a text. Their values do not matter.
const slack = 64

// texts are the cells of a column, in Arrow's layout for strings.
type texts struct {
	offsets []int32
	data    []byte
	valid   []byte // bitmap; made with the first null
	nulls   int
}

func (t *texts) reset() {
	t.offsets, t.data, t.valid, t.nulls = append(t.offsets[:0], 0), t.data[:0], t.valid[:0], 0
}

// null makes a row null.
func (t *texts) null(row int) {
	if t.nulls == 0 {
		if cap(t.valid) < BatchRows/8 {
			t.valid = make([]byte, BatchRows/8)
		}
		t.valid = t.valid[:BatchRows/8]
		for i := range t.valid {
			t.valid[i] = 0xff
		}
	}
	t.valid[row>>3] &^= 1 << (row & 7)
	t.nulls++
}

func (t *texts) add(row int, cell []byte) {
	if isNull(cell) {
		t.null(row)
	} else {
		t.data = append(t.data, cell...)
	}
	t.offsets = append(t.offsets, int32(len(t.data)))
}

func (t *texts) array(rows int) arrow.Array {
	var valid *memory.Buffer
	if t.nulls > 0 {
		valid = memory.NewBufferBytes(t.valid[:(rows+7)/8])
	}
	data := array.NewData(arrow.BinaryTypes.String, rows, []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(t.offsets)), memory.NewBufferBytes(t.data)}, nil, t.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// rows are at most BatchRows rows of a block.
type rows struct {
	starts    []int64 // where the line of each row starts in the text
	columns   []texts
	malformed []int32 // indices in starts
	lines     []element.Malformed
}

func (r *rows) reset(columns int) {
	r.starts, r.malformed, r.lines = r.starts[:0], r.malformed[:0], r.lines[:0]
	if have := len(r.columns); have < columns {
		r.columns = append(r.columns, make([]texts, columns-have)...)
	}
	r.columns = r.columns[:columns]
	for i := range r.columns {
		r.columns[i].reset()
	}
}

// record returns the rows as a record, which shares their memory.
func (r *rows) record(schema *arrow.Schema) arrow.RecordBatch {
	arrays := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		arrays[i] = r.columns[i].array(len(r.starts))
	}
	rec := array.NewRecordBatch(schema, arrays, int64(len(r.starts)))
	for _, a := range arrays {
		a.Release()
	}
	return rec
}

// cutter cuts lines into rows.
type cutter struct {
	cells  int   // how many cells a row has
	wanted []int // the numbers of the needed cells, ascending

	list  []*rows // the first used ones have been filled since the last reset; the others are spare
	used  int
	blank int64

	marks   marks
	nul     bool    // the window has a NUL byte
	run     []int32 // rows that are cut together: for each the index of its first mark
	kept    [][]byte
	scratch [][]byte // by wanted cell
}

func (c *cutter) reset() { c.used, c.blank = 0, 0 }

// current returns the rows to which the next one is added.
func (c *cutter) current() *rows {
	if c.used > 0 && len(c.list[c.used-1].starts) < BatchRows {
		return c.list[c.used-1]
	}
	if c.used == len(c.list) {
		c.list = append(c.list, new(rows))
	}
	r := c.list[c.used]
	r.reset(len(c.wanted))
	c.used++
	return r
}

// windowBytes is how much text is marked at once: it and its marks stay in the processor's nearest caches.
const windowBytes = 16 << 10

// cut cuts text into rows. text is whole lines, each with its end, and slack bytes after it can be read. off is where text starts in the
// text of the file.
func (c *cutter) cut(text []byte, off int64) {
	for len(text) > 0 {
		n := len(text)
		if n > windowBytes {
			if n = bytes.LastIndexByte(text[:windowBytes], '\n') + 1; n == 0 {
				n = windowBytes + bytes.IndexByte(text[windowBytes:], '\n') + 1
			}
		}
		c.window(text[:n], off)
		text, off = text[n:], off+int64(n)
	}
}

// window cuts whole lines.
func (c *cutter) window(text []byte, off int64) {
	m := &c.marks
	m.of(text)
	c.nul = bytes.IndexByte(text, 0) >= 0
	r := c.current()
	room := BatchRows - len(r.starts) - len(c.run)
	begin := int32(0) // the index of the mark before the line
	for _, end := range m.ends {
		start, stop := m.at[begin]+1, m.at[end]
		if stop > start && text[stop-1] == '\r' {
			stop--
		}
		switch {
		case stop == start:
			c.blank++
			begin = end
			continue
		case room == 0:
			c.flush(r, text, off)
			r = c.current()
			room = BatchRows
		}
		room--
		if c.plain(text, begin, end, stop) {
			c.run = append(c.run, begin)
		} else {
			c.flush(r, text, off)
			c.slow(r, text[start:stop], off+int64(start))
		}
		begin = end
	}
	c.flush(r, text, off)
}

// plain tells whether each cell of a line is what is between two of its marks, apart from spaces and a pair of quotes around it. The
// marks of the line are in (begin, end]; the line ends at stop.
func (c *cutter) plain(text []byte, begin, end, stop int32) bool {
	m := &c.marks
	if c.nul && bytes.IndexByte(text[m.at[begin]+1:stop], 0) >= 0 {
		return false
	}
	switch beyond := int(end-begin) - c.cells; {
	case beyond < 0:
		return false
	case beyond > 0 && int(stop-m.at[int(begin)+c.cells]) != beyond: // the cells beyond the header are not empty
		return false
	}
	if !m.quotes {
		return true
	}
	start := m.at[begin] + 1
	quotes := bytes.Count(text[start:stop], quote)
	for i := begin; quotes > 0 && i < end; i++ {
		from, to := m.at[i]+1, m.at[i+1]
		if i+1 == end {
			to = stop
		}
		if to-from >= 2 && text[from] == '"' && text[to-1] == '"' {
			quotes -= 2
		}
	}
	return quotes == 0
}

var quote = []byte{'"'}

// flush adds the rows of the run to r.
func (c *cutter) flush(r *rows, text []byte, off int64) {
	if len(c.run) == 0 {
		return
	}
	at, first := c.marks.at, len(r.starts)
	for _, begin := range c.run {
		r.starts = append(r.starts, off+int64(at[begin])+1)
	}
	for i, cell := range c.wanted {
		c.column(&r.columns[i], text, int32(cell), first)
	}
	c.run = c.run[:0]
}

// wide is how many bytes of a cell are copied at once. Nearly all cells are shorter.
const wide = 32

// column adds a cell of each row of the run to a column.
func (c *cutter) column(t *texts, text []byte, cell int32, row int) {
	at := c.marks.at
	lastCell := cell == int32(c.cells)-1
	n := len(t.data)
	if need := n + len(text) + wide; cap(t.data) < need {
		t.data = append(make([]byte, 0, max(need, 2*cap(t.data))), t.data...)
	}
	data := t.data[:cap(t.data)]
	padded := text[:len(text)+wide]
	offsets := t.offsets
	for _, begin := range c.run {
		from, to := int(at[begin+cell])+1, int(at[begin+cell+1])
		if lastCell && to > from && text[to-1] == '\r' && text[to] == '\n' {
			to--
		}
		if from < to {
			if first := text[from]; first <= '"' || text[to-1] == ' ' {
				from, to = bare(text, from, to)
			}
		}
		if size := to - from; size == 0 || size == 3 && isNull(text[from:to]) {
			t.null(row)
		} else if size <= wide {
			*(*[wide]byte)(data[n:]) = *(*[wide]byte)(padded[from:])
			n += size
		} else {
			n += copy(data[n:], text[from:to])
		}
		offsets = append(offsets, int32(n))
		row++
	}
	t.offsets, t.data = offsets, data[:n]
}

// bare drops spaces and a pair of quotes around a cell of a plain line.
func bare(text []byte, from, to int) (int, int) {
	if text[from] == '"' {
		from, to = from+1, to-1
	}
	for from < to && text[from] == ' ' {
		from++
	}
	for from < to && text[to-1] == ' ' {
		to--
	}
	return from, to
}

// slow adds a line cell by cell.
func (c *cutter) slow(r *rows, line []byte, start int64) {
	row := len(r.starts)
	r.starts = append(r.starts, start)
	wrong := c.cellsOf(line)
	if wrong != "" {
		r.malformed, r.lines = append(r.malformed, int32(row)), append(r.lines, element.Malformed{Why: wrong, Line: line})
	}
	for i := range r.columns {
		if wrong != "" {
			r.columns[i].add(row, nil)
		} else {
			r.columns[i].add(row, c.kept[i])
		}
	}
}

// cellsOf sets kept to the wanted cells of a line, or says why the line is malformed.
func (c *cutter) cellsOf(line []byte) (wrong string) {
	if bytes.IndexByte(line, 0) >= 0 {
		return nulByte
	}
	c.kept = c.kept[:0]
	if have := len(c.scratch); have <= len(c.wanted) {
		c.scratch = append(c.scratch, make([][]byte, len(c.wanted)+1-have)...)
	}
	n := 0
	for rest := line; rest != nil; n++ {
		cell, more, wrong := cutCell(rest, &c.scratch[len(c.kept)])
		switch {
		case wrong != "":
			return wrong
		case n >= c.cells && len(cell) > 0:
			return fmt.Sprintf("found more than the %d cells that the header has", c.cells)
		}
		if k := len(c.kept); k < len(c.wanted) && c.wanted[k] == n {
			c.kept = append(c.kept, cell)
		}
		rest = more
	}
	if n < c.cells {
		return fmt.Sprintf("found %d cells, expected the %d that the header has", n, c.cells)
	}
	return ""
}
