package csvio

import "bytes"

// The reasons why a line is malformed.
const (
	openQuote  = "found a quoted cell that does not end on its line"
	afterQuote = "found text after the end of a quoted cell, expected a comma"
	nulByte    = "found a NUL byte, expected text"
)

// cutCell cuts the first cell off a line. It returns the cell's text without quotes and without spaces around it, and rest, the part of
// the line after the cell's comma. rest is nil if no comma follows. If the cell has doubled quotes, its text is in scratch, which grows
// if necessary. wrong says why the line is malformed; it is "" if the line is not.
func cutCell(line []byte, scratch *[]byte) (cell, rest []byte, wrong string) {
	begin := 0
	for begin < len(line) && line[begin] == ' ' {
		begin++
	}
	if begin == len(line) || line[begin] != '"' {
		cell, rest, more := bytes.Cut(line, comma)
		if !more {
			rest = nil
		}
		return trim(cell), rest, ""
	}
	in := line[begin+1:]
	cell, copied := in, false
	for {
		end := bytes.IndexByte(in, '"')
		if end < 0 {
			return nil, nil, openQuote
		}
		if doubled := end+1 < len(in) && in[end+1] == '"'; doubled {
			if !copied {
				*scratch, copied = (*scratch)[:0], true
			}
			*scratch = append(*scratch, in[:end+1]...)
			in = in[end+2:]
			continue
		}
		if copied {
			*scratch = append(*scratch, in[:end]...)
			cell = *scratch
		} else {
			cell = cell[:end]
		}
		in = in[end+1:]
		break
	}
	for len(in) > 0 && in[0] == ' ' {
		in = in[1:]
	}
	switch {
	case len(in) == 0:
		return trim(cell), nil, ""
	case in[0] != ',':
		return nil, nil, afterQuote
	}
	return trim(cell), in[1:], ""
}

var comma = []byte{','}

// trim drops the spaces around a cell.
func trim(cell []byte) []byte {
	for len(cell) > 0 && cell[0] == ' ' {
		cell = cell[1:]
	}
	for len(cell) > 0 && cell[len(cell)-1] == ' ' {
		cell = cell[:len(cell)-1]
	}
	return cell
}

// isNull tells whether a trimmed cell has no value.
func isNull(cell []byte) bool {
	return len(cell) == 0 || len(cell) == 3 && cell[0] == 'N' && cell[1] == '/' && cell[2] == 'A'
}

// content is a line without its end.
func content(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
