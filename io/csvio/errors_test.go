package csvio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

// TestWhatCannotBeReadSaysWhatItIs has files that are refused, each with parts of its message.
func TestWhatCannotBeReadSaysWhatItIs(t *testing.T) {
	long := strings.Repeat("1,2\n", 10) + strings.Repeat("x", maxLine+1)
	packed := pack("a,b\n" + strings.Repeat("1,2\n", 100_000))
	damaged := slices.Clone(packed)
	damaged[len(damaged)-6] ^= 1 // a byte of the checksum
	senseless := slices.Clone(packed)
	for i := 100; i < 140; i++ {
		senseless[i] = 0xff
	}
	for name, c := range map[string]struct{ content, want string }{
		"nothing":                      {"", "an empty file"},
		"blank lines alone":            {"\n\r\n\n", "no line with anything in it"},
		"a BOM alone":                  {"\xef\xbb\xbf", "no line with anything in it"},
		"commas alone":                 {",,,\n1,2\n", "commas alone, expected the names"},
		"UTF-16":                       {"\xff\xfea\x00,\x00b\x00\n\x00", "UTF-16, expected CSV text; write it in UTF-8"},
		"UTF-16, the other way":        {"\xfe\xff\x00a\x00,\x00b\x00\n", "UTF-16"},
		"UTF-16 without a mark":        {"a\x00,\x00b\x00\n\x00", "NUL byte at 1"},
		"tabs":                         {"a\tb\tc\n1\t2\t3\n", "tabs between the names of columns, expected commas"},
		"semicolons":                   {"a;b;c,d\n1;2;3\n", "semicolons between the names"},
		"vertical bars":                {"a|b\n", "vertical bars"},
		"parquet":                      {"PAR1xxxx", "a parquet file, expected CSV text; give it a name that ends in .parquet"},
		"zip":                          {"PK\x03\x04xxxx", "a zip archive"},
		"zstd":                         {"\x28\xb5\x2f\xfdxxxx", "zstd"},
		"an open quote in the header":  {"a,\"b\n1,2\n", "header: found a quoted cell that does not end"},
		"text after a quote":           {"a,\"b\"c\n1,2\n", "header: found text after the end of a quoted cell"},
		"an endless header":            {strings.Repeat("x", maxLine+70_000), "found a header of 1118576 bytes"},
		"a long line":                  {"a,b\n" + long, "line 12: found a line of more than 1048576 bytes"},
		"a long line, packed":          {string(pack("a,b\n" + long)), "line 12: found a line of more than 1048576 bytes"},
		"gzip that is cut":             {string(packed[:len(packed)-20]), "gzip: found its end too early; the file is cut"},
		"gzip that is cut at its head": {string(packed[:5]), "gzip: found its end too early"},
		"gzip without its checksum":    {string(packed[:len(packed)-3]), "gzip: found its end too early"},
		"gzip with a wrong checksum":   {string(damaged), "gzip: found text of another checksum"},
		"gzip with other bytes":        {string(senseless), "gzip: found "},
		"gzip and more":                {string(packed) + "and more, and more", "gzip: found bytes that are not gzip"},
		"gzip and a line end":          {string(packed) + "\n", "gzip: found a few bytes after packed text, fewer than packed text begins with"},
		"gzip and nine bytes":          {string(packed) + "123456789", "gzip: found a few bytes after packed text"},
		"a short text and a line end":  {string(pack("a,b\n")) + "\n", "gzip: found a few bytes after packed text"},
		"a second member that is cut":  {string(packed) + string(packed[:30]), "gzip: found its end too early"},
	} {
		f, err := described(t, Format{}, []byte(c.content))
		if err == nil {
			_, _, err = readUnits(t.Context(), Format{}, f, []byte(c.content), element.Range{End: len(f.UnitRows)})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", name, err, c.want)
		}
	}
}

// TestTheLongestLineIsRead has lines of the greatest length that is allowed, with blocks that end at different places.
func TestTheLongestLineIsRead(t *testing.T) {
	line := "1," + strings.Repeat("x", maxLine-2)
	text := "a,b\n1,2\n" + line + "\r\n" + line + "\n3,4\n" + line
	for _, packed := range []bool{false, true} {
		for _, block := range []int64{0, 1000, 100_000} {
			agrees(t, Format{BlockBytes: block}, strings.ReplaceAll(text, "\r", ""), packed)
		}
	}
}

// TestAMalformedLineSaysWhatIsWrong has malformed lines, each with what the message says.
func TestAMalformedLineSaysWhatIsWrong(t *testing.T) {
	for line, want := range map[string]string{
		"1":             "found 1 cells, expected the 3 that the header has",
		"1,2":           "found 2 cells, expected the 3 that the header has",
		"1,2,3,4":       "found more than the 3 cells that the header has",
		"1,2,3,,\"4\"":  "found more than the 3 cells that the header has",
		"1,\"2,3":       "found a quoted cell that does not end on its line",
		"1,\"2\"x,3":    "found text after the end of a quoted cell, expected a comma",
		"1,\x00,3":      "found a NUL byte, expected text",
		"1,2,3\x00":     "found a NUL byte, expected text",
		"\x00":          "found a NUL byte, expected text",
		"1,2,3":         "",
		"1,\"2\" ,3,, ": "",
	} {
		c := cutter{cells: 3, wanted: []int{1}}
		if got := c.cellsOf([]byte(line)); got != want {
			t.Errorf("%s: found %q, expected %q", line, got, want)
		}
	}
}

// TestAFileWithoutAnEndingIsKnownByItsHeader tells CSV from other text.
func TestAFileWithoutAnEndingIsKnownByItsHeader(t *testing.T) {
	for head, want := range map[string]bool{
		"VendorID,tpep_pickup_datetime\n1,2\n":  true,
		"\xef\xbb\xbf\"id\", Trip Distance,,\n": true,
		string(pack("a,b\n1,2\n")):              true,
		string(pack("a,b\n1,2\n"))[:20]:         true,
		"one\n":                                 false,
		"Dear reader, this is a letter.\n":      false,
		"{\"a\": 1, \"b\": 2}\n":                false,
		"PAR1":                                  false,
		"":                                      false,
		"\x1f\x8bnot gzip":                      false,
		"a;b\n":                                 false,
		"a,b\x00\n":                             false,
		fmt.Sprintf("a,%s", strings.Repeat("b", 4000)): true,
	} {
		if got := (Format{}).Sniff([]byte(head)); got != want {
			t.Errorf("%.40q: found %v, expected %v", head, got, want)
		}
	}
}
