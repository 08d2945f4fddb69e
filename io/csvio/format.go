// Package csvio reads CSV text, plain or packed with gzip, as batches of columns of text.
//
// [Format] is the CSV format for package source. A line ends with LF, even between quotes; a CR before the LF is dropped. The first line
// that is not blank names the columns. Every other line is a row, unless it is blank. A row is malformed if its line does not have the
// cells of the header or has a NUL byte; all its values are then null, and the batch has the reason. Cells have no quotes and no spaces around them. A cell
// that is empty or N/A is null.
//
// A unit of a plain file is a range of bytes; it has the lines that start in the range. A packed file is one unit. Nothing in a file
// tells how many rows it has, so lines are counted separately from rows: see [element.TextCounts].
//
// Goroutines cut blocks of lines into cells in parallel. The blocks are handed out in their order.
package csvio

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

// Format is the format CSV.
type Format struct {
	UnitBytes  int64 // the size of a unit of a plain file; a request for a remote file fetches one unit; 0 for the default
	BlockBytes int64 // the size of a block; 0 for the default
}

const (
	unitBytes = 4 << 20

	// blockBytes is how much text is cut into rows at once. The text and its rows fit into the processor's second or third cache.
	blockBytes = 512 << 10
)

// Name is "csv".
func (Format) Name() string { return "csv" }

// Endings are the endings of the names of CSV files.
func (Format) Endings() []string { return []string{".csv", ".csv.gz"} }

// Starts returns none: [Format.Sniff] looks at the header.
func (Format) Starts() []string { return nil }

const gzipMagic = "\x1f\x8b"

// Sniff tells whether a text begins with a line of at least two names.
func (Format) Sniff(head []byte) bool {
	if strings.HasPrefix(string(head), gzipMagic) {
		z, err := gzip.NewReader(strings.NewReader(string(head)))
		if err != nil {
			return false
		}
		head = make([]byte, source.SniffBytes)
		n, err := io.ReadFull(z, head)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false
		}
		head = head[:n]
	}
	h, err := readHeader(strings.NewReader(string(head)))
	if err != nil || len(h.names) < 2 {
		return false
	}
	for _, name := range h.names {
		if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_ -") != "" {
			return false
		}
	}
	return true
}

// Describe reads the header.
func (c Format) Describe(_ context.Context, f element.Found, r objstore.Reader) (d element.Described, err error) {
	if f.Size == 0 {
		return d, errors.New("found an empty file, expected a line with the names of columns; fetch it again, or leave it out")
	}
	file := bufio.NewReaderSize(io.NewSectionReader(r, 0, f.Size), 64<<10)
	magic, err := file.Peek(min(len(gzipMagic), int(f.Size)))
	if err != nil {
		return d, objstore.Reason(err)
	}
	var text io.Reader = file
	packed := string(magic) == gzipMagic
	if packed {
		if text, err = newUnpacker(file); err != nil {
			return d, err
		}
	}
	h, err := readHeader(text)
	if err != nil {
		return d, objstore.Reason(err)
	}
	h.packed = packed
	var codecs []string
	if packed {
		d.TextBytes, codecs = []int64{f.Size}, []string{"GZIP"}
	} else {
		d.TextBytes = unitsOf(f.Size, cmp.Or(c.UnitBytes, unitBytes))
	}
	d.Rows, d.UnitRows = element.UnknownRows, make([]int64, len(d.TextBytes))
	for i := range d.UnitRows {
		d.UnitRows[i] = element.UnknownRows
	}
	for i, name := range h.names {
		if name != "" {
			d.Columns = append(d.Columns, element.Column{Name: name, Leaf: i, Type: element.String, Found: "text", Codecs: codecs})
		}
	}
	d.Metadata, d.NoRows = h.metadata(), h.alone
	return d, nil
}

// unitsOf returns the size of each unit of a plain file.
func unitsOf(size, each int64) []int64 {
	var units []int64
	for ; size > each; size -= each {
		units = append(units, each)
	}
	return append(units, size)
}

// Narrow keeps the columns that are read. The blocks of a plain file are cut side by side; unpacking keeps one core busy.
func (c Format) Narrow(f element.Recognised) (element.Recognised, error) {
	if l, err := layoutOf(f.Metadata); err == nil && !l.packed {
		f.Cores = float64(f.Size) / float64(cmp.Or(c.BlockBytes, blockBytes))
	}
	columns, projection := make([]element.Column, len(f.Projection)), make([]int, len(f.Projection))
	for i, c := range f.Projection {
		columns[i], projection[i] = f.Columns[c], i
	}
	f.Columns, f.Projection, f.TextBytes = columns, projection, nil
	return f, nil
}

// mostAhead is how many bytes all readers of the process may hold together; ahead is how many they hold.
var mostAhead, ahead atomic.Int64

func init() { mostAhead.Store(64 << 20) }

// ReadAhead bounds the blocks that are in progress.
func (Format) ReadAhead(bytes int64) { mostAhead.Store(bytes) }

// Open starts to read blocks of lines. Reading runs ahead, in goroutines that end with Close.
func (c Format) Open(ctx context.Context, f element.Recognised, r objstore.Reader, units element.Range, _ source.Config) (source.Units, error) {
	l, err := layoutOf(f.Metadata)
	if err != nil {
		return nil, err
	}
	cells := make([]int, len(f.Projection))
	for i, at := range f.Projection {
		if cells[i] = f.Columns[at].Leaf; cells[i] < 0 || cells[i] >= l.cells {
			return nil, fmt.Errorf("column %q: found cell %d, expected one of %d", f.Columns[at].Name, cells[i], l.cells)
		}
	}
	return newReader(ctx, f, r, units, l, cells, cmp.Or(c.BlockBytes, blockBytes)), nil
}
