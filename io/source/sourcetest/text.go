package sourcetest

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"tripstats/io/source"
	"tripstats/transforms/element"
)

// places checks where a batch of a file of text says that its rows start. row is the number of the batch's first row in the file.
func (c *conforming) places(t *testing.T, b element.Columns, row int64) {
	t.Helper()
	if b.Text == nil || int64(len(b.Text.Starts)) != b.Record.NumRows() || !slices.IsSorted(b.Text.Starts) || b.Text.FileBytes != c.known.Size {
		t.Fatalf("found a batch of %d rows with the text %+v, expected an ascending start of each, and the %d bytes of the file", b.Record.NumRows(), b.Text, c.known.Size)
	}
	if len(b.Text.Starts) == 0 {
		return
	}
	at := b.Text.Starts[0]
	if line, err := b.Text.Finder.LineAt(at); err != nil || line <= row {
		t.Errorf("row %d starts at %d: found line %d, %v", row, at, line, err)
	}
}

// counts checks that the lines of a file of text, which are counted separately, agree with the rows that were read. It also checks that
// each part of the file is read exactly once, however the file is divided.
func (c *conforming) counts(t *testing.T) {
	if !c.isText() {
		return
	}
	var counts element.TextCounts
	rows := int64(0)
	if err := source.Scan(t.Context(), c.known, source.Config{}, func(b element.Columns) {
		counts, rows = counts.Plus(b.Text.Counts), rows+b.Record.NumRows()
	}); err != nil {
		t.Fatal(err)
	}
	if counts.Bytes != c.known.Size || counts.Header != 1 || counts.Header+counts.Blank+rows != counts.Lines {
		t.Errorf("found %+v and %d rows, expected a header and %d bytes, and a line for each row", counts, rows, c.known.Size)
	}
	content, err := os.ReadFile(c.file.Path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := int64(bytes.Count(content, []byte("\n"))); len(c.known.UnitRows) > 1 && counts.Lines != lines && counts.Lines != lines+1 {
		t.Errorf("found %d lines, expected %d", counts.Lines, lines)
	}
}
