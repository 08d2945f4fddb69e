package csvio

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"tripstats/transforms/element"
)

// block is a piece of a file's text, and the rows in it. The reader gives a block to a goroutine, gets it back and uses it again.
type block struct {
	cutter

	from, to int64 // of a plain file: the block has the lines that start in these bytes
	last     bool  // it is the last block of its unit

	memory []byte
	text   []byte // whole lines, each with its end; slack follows
	off    int64  // where text starts in the text of the file
	counts element.TextCounts
	err    error
	done   chan struct{}
}

// tail is how many bytes after a block are read with it: most lines that start in it end there.
const tail = 1 << 10

// fill reads the lines that start in [from, to) of a plain file, and counts the ends of lines there.
func (b *block) fill(r io.ReaderAt, size int64) error {
	begin, end := max(b.from-1, 0), min(b.to+tail, size) // the byte before tells whether a line starts at from
	if err := b.read(r, 0, begin, end); err != nil {
		return err
	}
	own := b.memory[b.from-begin : b.to-begin]
	b.counts = element.TextCounts{Bytes: b.to - b.from, Lines: int64(bytes.Count(own, newline))}
	if b.to == size && own[len(own)-1] != '\n' {
		b.counts.Lines++
	}
	first := int64(0)
	if b.from > 0 {
		first = 1 + int64(bytes.IndexByte(b.memory[:b.to-begin-1], '\n')) // the line end is before the last byte, so the next line starts in this block
	}
	if first == 0 && b.from > 0 {
		b.text, b.off = nil, b.from
		return nil
	}
	for at := b.to - 1 - begin; ; { // the last line may start at to - 1
		if i := bytes.IndexByte(b.memory[at:end-begin], '\n'); i >= 0 {
			end = begin + at + int64(i) + 1
			break
		}
		if end == size {
			b.memory[end-begin] = '\n'
			end++
			break
		}
		at = end - begin
		if at-(b.to-begin) > maxLine {
			break // the check of the line's length says where the line starts
		}
		more := min(end+max(64<<10, end-b.to), size)
		if err := b.read(r, at, end, more); err != nil {
			return err
		}
		end = more
	}
	b.text, b.off = b.memory[first:end-begin], begin+first
	return nil
}

// read reads bytes [from, to) of the file into the memory from a given place on. It keeps what is before this place, and leaves room for
// a line end and slack.
func (b *block) read(r io.ReaderAt, at, from, to int64) error {
	if need := at + to - from + 1 + slack; int64(cap(b.memory)) < need {
		b.memory = append(make([]byte, 0, need), b.memory[:at]...)
	}
	b.memory = b.memory[:cap(b.memory)]
	n, err := r.ReadAt(b.memory[at:at+to-from], from)
	switch {
	case int64(n) == to-from:
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("found its end at byte %d, expected %d bytes as matched", from+int64(n), to)
	}
	return err
}

var newline = []byte{'\n'}

// skipHeader drops the header and the blank lines before it from the text.
func (b *block) skipHeader(l layout) {
	if b.off >= l.end || len(b.text) == 0 {
		return
	}
	end := b.off + int64(len(b.text))
	blank := b.text[:max(0, min(l.start, end)-b.off)]
	b.counts.Blank += int64(bytes.Count(blank, newline))
	if b.off <= l.start && l.start < end {
		b.counts.Header = 1
	}
	skip := min(l.end, end) - b.off
	if skip > 0 && skip < int64(len(b.text)) && b.text[skip-1] != '\n' {
		skip++ // the header is the last line and has no end: the line end in memory is not in the file
	}
	b.text, b.off = b.text[skip:], b.off+skip
}

// errLong is the error of a line that is too long. at is where the line starts.
type errLong struct{ at int64 }

func (e errLong) Error() string {
	return fmt.Sprintf("found a line of more than %d bytes, expected less: is it a line of CSV? leave the file out or repair the line", maxLine)
}

// work cuts the text into rows.
func (b *block) work(l layout) error {
	b.reset()
	b.skipHeader(l)
	if len(b.text) > maxLine {
		if err := b.checkLength(); err != nil {
			return err
		}
	}
	b.cut(b.text, b.off)
	b.counts.Blank += b.blank
	for _, r := range b.list[:b.used] {
		b.counts.Malformed += int64(len(r.malformed))
	}
	return nil
}

// checkLength refuses a line that is too long.
func (b *block) checkLength() error {
	text, off := b.text, b.off
	for len(text) > maxLine {
		n := bytes.LastIndexByte(text[:maxLine+1], '\n') + 1
		if n == 0 {
			return errLong{off}
		}
		text, off = text[n:], off+int64(n)
	}
	return nil
}
