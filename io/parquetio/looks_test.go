package parquetio

import (
	"strings"
	"testing"

	"tripstats/transforms/fault"
)

// TestAFileThatIsNotParquetIsNamedWithWhatToDo has things that people save under names of parquet files.
func TestAFileThatIsNotParquetIsNamedWithWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ content, what, todo string }{
		"csv":         {"VendorID,tpep_pickup_datetime\r\n1,2023-05-01 00:00:00\r\n", "CSV", "write it as parquet"},
		"csv, BOM":    {"\xef\xbb\xbf\"VendorID\";\"time\"\n1;2\n", "CSV", "write it as parquet"},
		"csv, blank":  {"\n\nVendorID,time\n", "CSV", "write it as parquet"},
		"zip":         {"PK\x03\x04\x14\x00 and so on", "zip archive", "unzip it"},
		"gzip":        {"\x1f\x8b\x08\x00 and so on", "gzip", "gunzip it"},
		"arrow file":  {"ARROW1\x00\x00 and so on", "Arrow IPC", "write it as parquet"},
		"arrow":       {"\xff\xff\xff\xff\x10\x00\x00\x00 and so on", "Arrow IPC stream", "write it as parquet"},
		"lfs":         {"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n", "git-lfs pointer", `"git lfs pull"`},
		"html":        {"\n<!DOCTYPE html><html>", "web page", "the address gave a page"},
		"xml":         {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML answer", "credentials"},
		"json":        {`{"error": "not found"}`, "JSON", "listing"},
		"cut short":   {"PAR1 and so on, and so on", "cut short", "fetch it again"},
		"zeros":       {strings.Repeat("\x00", 600), "nothing but zeros", "fetch it again"},
		"other bytes": {"\x01\x02\x03\x04\x05 and so on", `"\x01\x02`, "fetch it again"},
	} {
		_, err := tryReadBack(t, []byte(c.content))
		f := fault.Find(err)
		if f == nil || f.Code != fault.Input || !strings.Contains(f.Message, c.what) || !strings.Contains(f.Message, c.todo) {
			t.Errorf("%s: found %v, expected exit 3 with %q and %q", name, err, c.what, c.todo)
		}
	}
}
