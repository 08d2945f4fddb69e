package parquetio

import (
	"bytes"
	"fmt"
	"io"
)

// others are what is found under names of parquet files, by the first bytes, without regard to white space before them. The first
// that fits counts.
var others = []struct{ start, what, todo string }{
	{"PAR1", "a parquet start without its end (cut short at %d bytes?)", "fetch it again"},
	{"version https://git-lfs", "a git-lfs pointer, which stands for the file", "run \"git lfs pull\" in its repository"},
	{"<?xml", "an XML answer of a store, such as a refusal", "fetch it again, with the right address and credentials"},
	{"<", "a web page or XML answer", "fetch it again: the address gave a page, not the file"},
	{"{", "a JSON text", "give the parquet file: the address may have given an error, or a listing"},
	{"PK\x03\x04", "a zip archive", "unzip it"},
	{"\x1f\x8b", "gzip's form of a file", "gunzip it"},
	{"\x28\xb5\x2f\xfd", "zstd's form of a file", "decompress it with \"zstd -d\""},
	{"BZh", "bzip2's form of a file", "bunzip2 it"},
	{"\xfd7zXZ\x00", "xz's form of a file", "decompress it with \"xz -d\""},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "extract it"},
	{"ARROW1", "an Arrow IPC (Feather) file", "write it as parquet"},
	{"\xff\xff\xff\xff", "an Arrow IPC stream", "write it as parquet"},
	{"ORC", "an ORC file", "write it as parquet"},
	{"Obj\x01", "an Avro file", "write it as parquet"},
	{"SQLite format 3\x00", "an SQLite database", "write its table as parquet"},
	{"\xd0\xcf\x11\xe0", "an old Excel file", "write it as parquet"},
	{"%PDF", "a PDF document", "give the parquet file"},
}

// looksLike says what a file is that is not parquet, by its start, and what to do.
func looksLike(r io.ReaderAt, size int64) (what, todo string) {
	head := make([]byte, min(size, 512))
	n, _ := io.ReadFull(io.NewSectionReader(r, 0, int64(len(head))), head)
	head = head[:n]
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	shown := fmt.Sprintf("%q...", head[:min(n, 40)])
	for _, o := range others {
		if !bytes.HasPrefix(head, []byte(o.start)) && !bytes.HasPrefix(start, []byte(o.start)) {
			continue
		}
		if o.start == "PAR1" {
			return fmt.Sprintf(o.what, size), o.todo
		}
		return fmt.Sprintf("%s (%s)", o.what, shown), o.todo
	}
	line, _, _ := bytes.Cut(start, []byte("\n"))
	switch {
	case len(bytes.Trim(head, "\x00")) == 0:
		return "nothing but zeros", "fetch it again"
	case bytes.IndexFunc(line, func(c rune) bool { return c < ' ' && c != '\t' && c != '\r' || c == '\ufffd' }) >= 0:
		return shown, "fetch it again"
	case bytes.ContainsAny(line, ",;\t|"):
		return fmt.Sprintf("lines of text, such as CSV (%s)", shown), "write it as parquet"
	}
	return fmt.Sprintf("text (%s)", shown), "fetch it again"
}
