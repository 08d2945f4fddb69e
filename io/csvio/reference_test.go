package csvio

import (
	"bytes"
	"fmt"
	"strings"

	"tripstats/transforms/element"
)

// refRow is a row that the slow reference reader has read, by the rules of the format, character by character.
type refRow struct {
	start int64
	cells []string // "(null)" for null, none if malformed
	line  string   // the line of a malformed row
}

// reference returns the names in a text, its rows and its counts. found is false if all lines are blank.
func reference(text string) (names []string, rows []refRow, counts element.TextCounts, found bool) {
	at := int64(0)
	for line := range strings.SplitAfterSeq(text, "\n") {
		if line == "" {
			continue
		}
		start := at
		at += int64(len(line))
		counts.Lines++
		line, _ = strings.CutSuffix(line, "\n")
		line, _ = strings.CutSuffix(line, "\r")
		if start == 0 {
			if line, _ = strings.CutPrefix(line, "\ufeff"); line == "" {
				counts.Blank++
				continue
			}
		}
		cells, ok := refCells(line)
		switch {
		case line == "":
			counts.Blank++
		case !found:
			if found = true; !ok || strings.Contains(line, "\x00") {
				return nil, nil, counts, false
			}
			counts.Header++
			for _, c := range cells {
				names = append(names, strings.TrimSpace(c))
			}
			for len(names) > 0 && names[len(names)-1] == "" {
				names = names[:len(names)-1]
			}
			if len(names) == 0 {
				return nil, nil, counts, false
			}
		case !ok || strings.Contains(line, "\x00") || len(cells) < len(names) || strings.Join(cells[len(names):], "") != "":
			counts.Malformed++
			rows = append(rows, refRow{start: start, line: line})
		default:
			row := refRow{start: start}
			for _, c := range cells[:len(names)] {
				if c == "" || c == "N/A" {
					c = "(null)"
				}
				row.cells = append(row.cells, c)
			}
			rows = append(rows, row)
		}
	}
	return names, rows, counts, found
}

// refCells returns the cells of a line, without quotes and spaces around them. ok is false if a quote makes the line malformed.
func refCells(line string) (cells []string, ok bool) {
	const before, plain, quoted, after = 0, 1, 2, 3
	state, cell := before, []byte(nil)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case state == quoted && c == '"' && i+1 < len(line) && line[i+1] == '"':
			cell = append(cell, c)
			i++
		case state == quoted && c == '"':
			state = after
		case state == quoted:
			cell = append(cell, c)
		case c == ',':
			cells, cell, state = append(cells, strings.Trim(string(cell), " ")), nil, before
		case state == before && c == ' ', state == after && c == ' ':
		case state == after:
			return nil, false
		case state == before && c == '"':
			state = quoted
		default:
			cell, state = append(cell, c), plain
		}
	}
	return append(cells, strings.Trim(string(cell), " ")), state != quoted
}

// quirks are texts that show every rule of the format, for tables of tests and as seeds.
var quirks = []string{
	",\r0,",
	"a,b\n1,2\n",
	"a,b\r\n1,2\r\n\r\n3,4",
	"\xef\xbb\xbfa,b\n1,2\n",
	"\xef\xbb\xbf\"a\",b\n1,2\n",
	"\xef\xbb\xbf\n\na,b\n1,2\n",
	"\n\r\na, b\n\n1, 2 \n",
	"a,b,,\n1,2\n1,2,,,,\n1,2,3\n1,2, \n1,2,\"\"\n",
	",a,,b\n0,1,x,2\n0,1,x\n",
	"a,b\n,\nN/A,\"N/A\"\n\"\",\" \"\n  ,x\n",
	"a,b\n\"1\",\"x \"\"y\"\", z\"\n \"1\" , \"2\" \n",
	"a,b\n\"1,2\n3\",4\n\"5\"x,6\n7,\"8\n9,1\"0\n",
	"a,b\n1\n1,2,3\n   \n,,\n",
	"a,b\n1,2\r\r\n1,\r2\n\r",
	"a\n1\n,\n\"\"\n",
	"a,b\n" + strings.Repeat("1234567890,abc\n", 50) + strings.Repeat(",\n", 50) + "\"x\",y",
	"a,b\n" + strings.Repeat("x", 100) + "," + strings.Repeat("y", 31) + "\n" + strings.Repeat("x", 32) + "," + strings.Repeat("y", 33),
	"a,b\n1,\x002\n\x00\n1,2\x00\r\n\"\x00\",2\n3,4\n\x00\x00",
	"a\x00,b\n1,2\n", "\x00\na,b\n1,2\n",
	"a,b", "a,b\r", ",,\n1,2\n", "\"a\n", "\n", " \n1\n",
}

// textOf returns a batch as text, with one line for each row.
func show(rows []refRow, wanted []int) string {
	var b bytes.Buffer
	for _, r := range rows {
		fmt.Fprintf(&b, "%d:", r.start)
		if r.cells == nil {
			fmt.Fprintf(&b, " malformed %q", r.line)
		} else {
			for _, w := range wanted {
				fmt.Fprintf(&b, " %q", r.cells[w])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
