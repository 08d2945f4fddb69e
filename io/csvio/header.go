package csvio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the length of the longest line that is read, in bytes. No line of a table of trips is nearly as long.
const maxLine = 1 << 20

// header is what the first line of a file says.
type header struct {
	names  []string // the names of the cells; a cell without a name has ""
	start  int64    // where its line starts in the text
	end    int64    // where the next line starts
	packed bool     // the file is packed with gzip
	alone  bool     // only blank lines follow
}

var utf8BOM = []byte("\xef\xbb\xbf")

// foreign are the first bytes of files that this package does not read, whatever the name of the file says.
var foreign = []struct{ start, is, todo string }{
	{"\xff\xfe", "text in UTF-16", "write it in UTF-8, for example with iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "text in UTF-16", "write it in UTF-8, for example with iconv -f UTF-16 -t UTF-8"},
	{"PAR1", "a parquet file", "give it a name that ends in .parquet"},
	{"PK\x03\x04", "a zip archive", "unpack it"},
	{"\x28\xb5\x2f\xfd", "a file packed with zstd", "unpack it, or pack it with gzip"},
	{"BZh", "a file packed with bzip2", "unpack it, or pack it with gzip"},
}

// readHeader reads the first line that is not blank. text is the text of a file from its start.
func readHeader(text io.Reader) (h header, err error) {
	var head []byte
	for len(head) <= maxLine {
		at := len(head)
		head = append(head, make([]byte, max(64<<10, len(head)))...)
		n, err := io.ReadFull(text, head[at:])
		head = head[:at+n]
		atEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !atEnd {
			return h, err
		}
		if err := refuseForeign(head); err != nil {
			return h, err
		}
		if line, found := h.find(head); found {
			h.alone = noRows(head[h.end:], atEnd, text)
			return h, h.parse(line)
		}
		if atEnd {
			h.alone = true
			return h, h.last(head)
		}
	}
	return h, fmt.Errorf("found no end of the header in %d bytes, expected a line with the names of columns", len(head))
}

// noRows tells whether only blank lines follow the header. rest is what was read of them, and text has what follows rest, unless atEnd. It
// gives up where more blank lines follow than any file has, or where the text cannot be read: who reads the rows says why.
func noRows(rest []byte, atEnd bool, text io.Reader) bool {
	for len(rest) <= maxLine {
		if len(bytes.Trim(rest, "\r\n")) > 0 || bytes.Contains(rest, []byte("\r\r")) {
			return false
		}
		if atEnd {
			return true
		}
		at := len(rest)
		rest = append(rest, make([]byte, 64<<10)...)
		n, err := io.ReadFull(text, rest[at:])
		rest = rest[:at+n]
		if atEnd = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !atEnd {
			return false
		}
	}
	return false
}

// refuseForeign refuses a file that is not text in UTF-8 or a similar encoding.
func refuseForeign(head []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.start)) {
			return fmt.Errorf("found %s, expected CSV text; %s", f.is, f.todo)
		}
	}
	return nil
}

// find looks for the first line that is not blank in the first bytes of a text.
func (h *header) find(head []byte) (line []byte, found bool) {
	h.start = 0
	rest := bytes.TrimPrefix(head, utf8BOM)
	h.end = int64(len(head) - len(rest))
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return nil, false
		}
		line, rest = content(rest[:end]), rest[end+1:]
		h.end += int64(end) + 1
		if len(line) > 0 {
			return line, true
		}
		h.start = h.end
	}
}

// last takes the rest of a short text as the header. The text ends without a line end after the header.
func (h *header) last(head []byte) error {
	line := content(bytes.TrimPrefix(head[h.start:], utf8BOM))
	h.end = int64(len(head)) + 1 // reading adds the missing line end
	if len(line) == 0 {
		return errors.New("found no line with anything in it, expected one with the names of columns; the file is empty: fetch it again, or leave it out")
	}
	return h.parse(line)
}

// parse sets the names.
func (h *header) parse(line []byte) error {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		return fmt.Errorf("found a NUL byte at %d, expected CSV text in UTF-8; if it is UTF-16, write it in UTF-8, for example with iconv", h.start+int64(i))
	}
	if len(line) > maxLine {
		return fmt.Errorf("found a header of %d bytes, expected at most %d", len(line), maxLine)
	}
	// A damaged header may have a CR too. But if every line ends with CR, at least as many commas follow the first CR as are before it.
	if parts := bytes.SplitN(line, []byte("\r"), 3); len(parts) > 1 && bytes.Contains(parts[0], comma) && bytes.Count(parts[1], comma) >= bytes.Count(parts[0], comma) {
		return errors.New("found a CR without an LF in the line with the names of columns, expected lines that end with LF or CR LF; write the ends of lines so, for example with tr '\\r' '\\n'")
	}
	for _, other := range []struct{ sep, name string }{{"\t", "tabs"}, {";", "semicolons"}, {"|", "vertical bars"}} {
		if n := bytes.Count(line, []byte(other.sep)); n > bytes.Count(line, comma) {
			return fmt.Errorf("found %s between the names of columns, expected commas; write the file with commas", other.name)
		}
	}
	var scratch []byte
	for rest := line; rest != nil; {
		cell, more, wrong := cutCell(rest, &scratch)
		if wrong != "" {
			return fmt.Errorf("header: %s", wrong)
		}
		h.names = append(h.names, strings.TrimSpace(string(cell)))
		rest = more
	}
	for len(h.names) > 0 && h.names[len(h.names)-1] == "" {
		h.names = h.names[:len(h.names)-1]
	}
	if len(h.names) == 0 {
		return errors.New("found a first line of commas alone, expected the names of columns")
	}
	return nil
}

// metadata returns what reading needs of the header, in the form that layoutOf reads.
func (h header) metadata() []byte {
	packed := uint64(0)
	if h.packed {
		packed = 1
	}
	var b []byte
	for _, n := range []uint64{packed, uint64(h.start), uint64(h.end), uint64(len(h.names))} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// layout is what reading needs to know about the header.
type layout struct {
	packed     bool
	start, end int64 // where the header's line starts, and where the next line starts
	cells      int   // how many cells a row has
}

// layoutOf reads what metadata wrote.
func layoutOf(b []byte) (l layout, err error) {
	var values [4]uint64
	for i := range values {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return l, errors.New("found metadata that is cut")
		}
		values[i], b = v, b[n:]
	}
	return layout{values[0] == 1, int64(values[1]), int64(values[2]), int(values[3])}, nil
}
