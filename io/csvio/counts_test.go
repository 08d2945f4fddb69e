package csvio

import (
	"strings"
	"testing"

	"tripstats/io/source"
	"tripstats/transforms/element"
)

// TestABlockCountsWithItsLastBatch reads blocks of more rows than a batch may have. Whoever counts before all rows of a block are there would
// count lines that another try counts again.
func TestABlockCountsWithItsLastBatch(t *testing.T) {
	row := "1,2\n"
	for _, packed := range []bool{false, true} {
		text := "a,b\n\n" + strings.Repeat(row, 3*BatchRows)
		content := []byte(text)
		if packed {
			content = pack(text)
		}
		c := Format{UnitBytes: 1 << 20, BlockBytes: int64(2*BatchRows*len(row) + 10)}
		f, err := described(t, c, content)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Open(t.Context(), f, fileOf(content), element.Range{End: len(f.UnitRows)}, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		rows, batches := int64(0), 0
		var counts element.TextCounts
		err = r.Next(t.Context(), func(b source.Batch) {
			rec, text := b.Record, b.Text
			if b.Done != nil {
				defer b.Done()
			}
			batches++
			rows += rec.NumRows()
			counts = counts.Plus(text.Counts)
			if counted := counts.Lines - counts.Header - counts.Blank; counted > rows {
				t.Errorf("packed %v: found %d lines of rows counted after %d rows, expected no more than there were", packed, counted, rows)
			}
			if counted := counts.Lines - counts.Header - counts.Blank; text.Counts.Lines > 0 && counted < rows-1 { // the next block may have the end of the last line
				t.Errorf("packed %v: found %d lines of rows counted after %d rows, expected as many", packed, counted, rows)
			}
		})
		r.Close()
		if err != nil || batches < 4 || rows != 3*BatchRows || counts.Lines != rows+2 {
			t.Errorf("packed %v: found %d rows in %d batches, %+v, %v", packed, rows, batches, counts, err)
		}
	}
}
