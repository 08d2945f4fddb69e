package csvio_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tripstats/io/csvio"
	"tripstats/io/source/sourcetest"
)

// table is made-up text that uses every rule of the format, and its rows as Arrow prints them.
func table(rows int, end string) (text []byte, want sourcetest.File) {
	want.Columns = []string{"id", "at", "amount", "word"}
	var b bytes.Buffer
	b.WriteString("\xef\xbb\xbf" + `id,"at", amount,,word,` + end)
	for i := range rows {
		id, at, amount, word := fmt.Sprint(i), fmt.Sprintf("2010-01-%02d 00:00:%02d", 1+i%28, i%60), "(null)", fmt.Sprint("w", i%11)
		if i%5 != 0 {
			amount = fmt.Sprint(i%9, ".25")
		}
		cell := map[bool]string{false: amount}[amount == "(null)"]
		switch i % 7 {
		case 0:
			fmt.Fprintf(&b, `%s,"%s", %s ,x,%s`, id, at, cell, word)
		case 1:
			word = `a "word", and more`
			fmt.Fprintf(&b, `%s,%s,%s,x,"a ""word"", and more",,`, id, at, cell)
		case 2:
			fmt.Fprintf(&b, `%s,%s,%s,x,%s,,,`, id, at, cell, word)
		case 3:
			word = "(null)"
			fmt.Fprintf(&b, `%s,%s,%s,x,N/A`, id, at, cell)
		case 4:
			b.WriteString(end + "\r\n")
			fmt.Fprintf(&b, `%s,%s,%s,,%s`, id, at, cell, word)
		case 5:
			id, at, amount, word = "(null)", "(null)", "(null)", "(null)"
			b.WriteString([]string{",,,,", ",,,,,", "1,2,3", `1,"2,3,4,5`, `1,"2"x,3,4,5`, "1,2,3,4,5,6"}[i/7%6])
		default:
			fmt.Fprintf(&b, `%s,%s,%s,x,%s`, id, at, cell, word)
		}
		b.WriteString(end)
		want.Rows = append(want.Rows, []string{id, at, amount, word})
	}
	return b.Bytes(), want
}

func TestCSV(t *testing.T) {
	var files []sourcetest.File
	for name, of := range map[string]struct {
		rows int
		end  string
	}{
		"many.csv": {3000, "\n"}, "crlf.CSV": {700, "\r\n"}, "header.csv": {0, "\n"}, "one.csv": {1, "\n"}, "no ending": {500, "\n"},
		"packed.csv.gz": {3000, "\n"}, "packed.csv": {900, "\r\n"}, "packed without an ending": {40, "\n"},
	} {
		text, want := table(of.rows, of.end)
		if name == "one.csv" {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		if packed := bytes.HasPrefix([]byte(name), []byte("packed")); packed {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			half := len(text) / 2
			z.Write(text[:half]) //nolint:errcheck // to memory
			z.Close()            //nolint:errcheck // to memory
			z.Reset(&b)
			z.Write(text[half:]) //nolint:errcheck // to memory
			z.Close()            //nolint:errcheck // to memory
			text = b.Bytes()
		}
		want.Path = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(want.Path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, want)
	}
	sourcetest.Conform(t, csvio.Format{UnitBytes: 20_000, BlockBytes: 4_000}, files...)
}
