package element

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// UnknownRows is the number of rows of a file of text and of its units: only reading tells how many rows there are.
const UnknownRows int64 = -1

// TextCounts are counts of a file of text, or of a part of it. Lines are counted separately from rows, so that no row is lost without
// notice: the lines of a file are its header, its blank lines and its rows. A malformed line is a row.
type TextCounts struct {
	Bytes     int64 // bytes of the file as it is stored
	Lines     int64 // line ends, plus one if the last line has no end
	Header    int64 // lines with the names of columns
	Blank     int64 // blank lines
	Malformed int64 // malformed rows
}

// Plus returns the counts of two parts together.
func (c TextCounts) Plus(o TextCounts) TextCounts {
	return TextCounts{c.Bytes + o.Bytes, c.Lines + o.Lines, c.Header + o.Header, c.Blank + o.Blank, c.Malformed + o.Malformed}
}

// Text is what a batch of a file of text has in addition to its columns. The counts of all batches of a file add up to the counts of the
// file. For a part of the file without rows, a batch without rows has the counts.
type Text struct {
	Counts    TextCounts
	FileBytes int64       // bytes of the whole file as it is stored
	Starts    []int64     // for each row the byte at which its line starts in the unpacked text
	Malformed []int32     // the malformed rows, ascending. All their values are null
	Lines     []Malformed // the line of each entry of Malformed
	Finder    LineFinder  // nil if the file is not available, because the element was decoded
}

// Rows returns the part of t that belongs to some rows of the batch, which ascend. The counts of the result are zero.
func (t *Text) Rows(rows []int32) *Text {
	part := &Text{FileBytes: t.FileBytes, Finder: t.Finder, Starts: make([]int64, len(rows))}
	malformed := 0
	for i, row := range rows {
		part.Starts[i] = t.Starts[row]
		for malformed < len(t.Malformed) && t.Malformed[malformed] < row {
			malformed++
		}
		if malformed < len(t.Malformed) && t.Malformed[malformed] == row {
			part.Malformed, part.Lines = append(part.Malformed, int32(i)), append(part.Lines, t.Lines[malformed])
		}
	}
	return part
}

// Malformed is a malformed line.
type Malformed struct {
	Why  string // what was found and expected
	Line []byte // the line without its end
}

// LineFinder finds the number of the line that starts at a byte of the text, counted from 1.
type LineFinder interface {
	LineAt(offset int64) (int64, error)
}

// Where names row i for messages: "x.csv: line 13".
func (t *Text) Where(source string, i int) string {
	at := int64(0)
	if i < len(t.Starts) {
		at = t.Starts[i]
	}
	if t.Finder != nil {
		if line, err := t.Finder.LineAt(at); err == nil {
			return fmt.Sprintf("%s: line %d", source, line)
		}
	}
	return fmt.Sprintf("%s: the line that starts at byte %d", source, at)
}

// AppendText appends t, which may be nil, in the form that [CutText] reads.
func AppendText(b []byte, t *Text) []byte {
	if t == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, n := range []int64{t.Counts.Bytes, t.Counts.Lines, t.Counts.Header, t.Counts.Blank, t.Counts.Malformed, t.FileBytes, int64(len(t.Starts)), int64(len(t.Malformed))} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	last := int64(0)
	for _, at := range t.Starts {
		b = binary.AppendUvarint(b, uint64(at-last))
		last = at
	}
	for i, row := range t.Malformed {
		b = binary.AppendUvarint(b, uint64(row))
		b = AppendString(b, t.Lines[i].Why)
		b = AppendString(b, string(t.Lines[i].Line))
	}
	return b
}

// CutText reads what [AppendText] wrote, and returns the rest.
func CutText(b []byte) (*Text, []byte, error) {
	if len(b) == 0 {
		return nil, nil, errShort
	}
	is, b := b[0], b[1:]
	if is == 0 {
		return nil, b, nil
	}
	t := new(Text)
	var starts, malformed int64
	for _, n := range []*int64{&t.Counts.Bytes, &t.Counts.Lines, &t.Counts.Header, &t.Counts.Blank, &t.Counts.Malformed, &t.FileBytes, &starts, &malformed} {
		v, rest, err := CutUvarint(b)
		if err != nil {
			return nil, nil, err
		}
		*n, b = int64(v), rest
	}
	if starts < 0 || starts > int64(len(b)) || malformed < 0 || malformed > starts {
		return nil, nil, errShort
	}
	t.Starts = make([]int64, starts)
	last := int64(0)
	for i := range t.Starts {
		v, rest, err := CutUvarint(b)
		if err != nil {
			return nil, nil, err
		}
		last += int64(v)
		t.Starts[i], b = last, rest
	}
	for before := int64(-1); malformed > 0; malformed-- {
		row, rest, err := CutUvarint(b)
		var m Malformed
		if err == nil {
			m.Why, rest, err = CutString(rest)
		}
		var line string
		if err == nil {
			line, rest, err = CutString(rest)
		}
		if err == nil && (int64(row) <= before || int64(row) >= starts) {
			err = errors.New("found malformed rows that do not ascend")
		}
		if err != nil {
			return nil, nil, err
		}
		m.Line, b, before = []byte(line), rest, int64(row)
		t.Malformed, t.Lines = append(t.Malformed, int32(row)), append(t.Lines, m)
	}
	return t, b, nil
}
