package csvio

import (
	"bytes"
	"compress/gzip"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/source"
	"tripstats/transforms/element"
)

// inMemory is a file in memory.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func fileOf(content []byte) inMemory { return inMemory{bytes.NewReader(content)} }

// described is a file in memory with all its columns to be read.
func described(t testing.TB, c Format, content []byte) (element.Recognised, error) {
	t.Helper()
	d, err := c.Describe(t.Context(), element.Found{Source: "x.csv", Size: int64(len(content))}, fileOf(content))
	if err != nil {
		return element.Recognised{}, err
	}
	d.Size = int64(len(content))
	f := element.Recognised{Described: d}
	for i := range d.Columns {
		f.Projection = append(f.Projection, i)
	}
	f.UnitBytes = f.BytesOf(f.Projection)
	return f, nil
}

// readUnits returns the rows of units of a file and their counts.
func readUnits(ctx context.Context, c Format, f element.Recognised, content []byte, units element.Range) (rows []refRow, counts element.TextCounts, err error) {
	r, err := c.Open(ctx, f, fileOf(content), units, source.Config{})
	if err != nil {
		return nil, counts, err
	}
	defer r.Close()
	for range units.End - units.Start {
		if err := r.Next(ctx, func(b source.Batch) {
			rec, text := b.Record, b.Text
			if b.Done != nil {
				defer b.Done()
			}
			counts = counts.Plus(text.Counts)
			for i := range int(rec.NumRows()) {
				row := refRow{start: text.Starts[i]}
				if at, malformed := slices.BinarySearch(text.Malformed, int32(i)); malformed {
					row.line = strings.Clone(string(text.Lines[at].Line))
				}
				if row.cells = []string{}; row.line != "" {
					row.cells = nil
				}
				for k := range int(rec.NumCols()) {
					cell := strings.Clone(rec.Column(k).(*array.String).ValueStr(i))
					if row.cells != nil {
						row.cells = append(row.cells, cell)
					} else if cell != "(null)" {
						row.line += " with the cell " + cell
					}
				}
				rows = append(rows, row)
			}
		}); err != nil {
			return rows, counts, err
		}
	}
	return rows, counts, nil
}

// agrees reads a text in units and blocks of a given size and compares the result with the reference.
func agrees(t *testing.T, c Format, text string, packed bool) {
	t.Helper()
	content := []byte(text)
	if packed {
		content = pack(text)
	}
	names, want, counts, found := reference(text)
	f, err := described(t, c, content)
	if err != nil {
		other := strings.Contains(err.Error(), "expected commas") || strings.Contains(text, "\r") && strings.Contains(err.Error(), "a CR without an LF")
		if found && len(names) > 0 && refuseForeign([]byte(text)) == nil && !other {
			t.Errorf("%q: found %v, expected the columns %q", text, err, names)
		}
		return
	}
	var wanted []int
	var all []string
	for i, n := range names {
		if n != "" {
			wanted, all = append(wanted, i), append(all, n)
		}
	}
	var columns []string
	for _, col := range f.Columns {
		columns = append(columns, col.Name)
	}
	if !slices.Equal(columns, all) {
		t.Fatalf("%q: found columns %q, expected %q", text, columns, all)
	}
	counts.Bytes = int64(len(content))
	check := func(what string, got []refRow, gotCounts element.TextCounts, err error) {
		t.Helper()
		for i := range got {
			if got[i].cells != nil {
				cells := make([]string, len(names))
				for k, w := range wanted {
					cells[w] = got[i].cells[k]
				}
				got[i].cells = cells
			}
		}
		if g, w := show(got, wanted), show(want, wanted); err != nil || g != w || gotCounts != counts {
			t.Fatalf("%q, %s, units of %d, blocks of %d, packed %v: found %v, %+v and\n%s\nexpected %+v and\n%s", text, what, c.UnitBytes, c.BlockBytes, packed, err, gotCounts, g, counts, w)
		}
	}
	units := len(f.UnitRows)
	got, gotCounts, err := readUnits(t.Context(), c, f, content, element.Range{End: units})
	check("whole", got, gotCounts, err)
	got, gotCounts = nil, element.TextCounts{}
	for u := range units {
		more, of, err := readUnits(t.Context(), c, f, content, element.Range{Start: u, End: u + 1})
		if err != nil {
			t.Fatal(err)
		}
		got, gotCounts = append(got, more...), gotCounts.Plus(of)
	}
	check("unit by unit", got, gotCounts, nil)
	for _, row := range got[:min(len(got), 5)] {
		r := newReader(t.Context(), f, fileOf(content), element.Range{}, layout{packed: packed, cells: 1}, nil, blockBytes)
		line, err := r.LineAt(row.start)
		r.Close()
		if want := int64(1 + strings.Count(text[:row.start], "\n")); err != nil || line != want {
			t.Errorf("%q: the row at %d is in line %d, %v, expected %d", text, row.start, line, err, want)
		}
	}
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text)) //nolint:errcheck // to memory
	z.Close()             //nolint:errcheck // to memory
	return b.Bytes()
}

// TestTextIsReadByItsRules compares each of quirks with the reference, with units and blocks of many sizes.
func TestTextIsReadByItsRules(t *testing.T) {
	for _, text := range quirks {
		for unit := int64(1); unit < 40; unit += 3 {
			for _, block := range []int64{1, 2, 7, 100} {
				agrees(t, Format{UnitBytes: unit, BlockBytes: block}, text, false)
			}
		}
		agrees(t, Format{}, text, false)
		agrees(t, Format{BlockBytes: 3}, text, true)
		agrees(t, Format{}, text, true)
	}
}

// made returns made-up text: the parts that matter to the format, in random order.
func made(r *rand.Rand) string {
	parts := []string{",", ",", ",", "\n", "\n", "\r\n", "\"", "\"\"", " ", "x", "12.5", "2010-01-02 03:04:05", "N/A", "\"a b\"", "\r", "\x00", "ä", ",\"x\"", "\n\n", strings.Repeat("y", 40)}
	var b strings.Builder
	b.WriteString([]string{"a,b,c\n", "\n\"a\", b\r\n", "\xef\xbb\xbfa,,b,\n", "a\n"}[r.IntN(4)])
	for range r.IntN(200) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestAnyTextIsReadAlikeHoweverItIsCut reads random texts in units and blocks of random sizes.
func TestAnyTextIsReadAlikeHoweverItIsCut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 800 {
		c := Format{UnitBytes: 1 + r.Int64N(300), BlockBytes: 1 + r.Int64N(100)}
		agrees(t, c, made(r), r.IntN(4) == 0)
	}
}

// TestManyRowsOfABlock reads a block with more rows than a batch may have.
func TestManyRowsOfABlock(t *testing.T) {
	text := "a,b\n" + strings.Repeat(",\n1,2\n\n", 20_000)
	agrees(t, Format{}, text, false)
	agrees(t, Format{}, text, true)
}

// TestNULBytesAreFoundInEachWindow has them in some of the windows of a block.
func TestNULBytesAreFoundInEachWindow(t *testing.T) {
	many := strings.Repeat("1,2\n", windowBytes/3)
	text := "a,b\n\x00,2\n" + many + "3,4\x00\n" + many + many + "\x00"
	agrees(t, Format{}, text, false)
	agrees(t, Format{}, text, true)
}

func FuzzText(f *testing.F) {
	for _, text := range quirks {
		f.Add([]byte(text), uint16(7), uint16(3), false)
		f.Add([]byte(text), uint16(0), uint16(0), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, unit, block uint16, packed bool) {
		if len(text) > 1<<14 || bytes.HasPrefix(text, []byte(gzipMagic)) {
			return
		}
		agrees(t, Format{UnitBytes: 1 + int64(unit), BlockBytes: 1 + int64(block)}, string(text), packed)
	})
}

// FuzzFile reads any bytes as a file: it gives rows or an error, and no panic.
func FuzzFile(f *testing.F) {
	for _, text := range quirks {
		f.Add([]byte(text))
		f.Add(pack(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c := Format{UnitBytes: 64, BlockBytes: 16}
		Format{}.Sniff(content)
		file, err := described(t, c, content)
		if err != nil || len(content) == 0 {
			return
		}
		rows, counts, err := readUnits(t.Context(), c, file, content, element.Range{End: len(file.UnitRows)})
		if err == nil && (counts.Bytes != int64(len(content)) || counts.Header+counts.Blank+int64(len(rows)) != counts.Lines) {
			t.Errorf("found %d rows, %+v of %d bytes", len(rows), counts, len(content))
		}
	})
}
