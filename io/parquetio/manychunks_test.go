package parquetio

import (
	"encoding/binary"
	"strings"
	"testing"

	"tripstats/io/parquetio/thrift"
	"tripstats/transforms/element"
)

// TestARowGroupOfMillionsOfColumnChunksTakesNoMemory has a footer of one column. A column chunk without fields takes one byte of it.
func TestARowGroupOfMillionsOfColumnChunksTakesNoMemory(t *testing.T) {
	const chunks = 4 << 20
	w := &thrift.Writer{}
	w.Int(footerVersion, thrift.Int32, 1)
	w.List(footerSchema, thrift.Struct, 2)
	w.Element(func(w *thrift.Writer) {
		w.Raw(4, thrift.Binary, []byte("\x06schema"))
		w.Int(nodeChildren, thrift.Int32, 1)
	})
	w.Element(func(w *thrift.Writer) {
		w.Int(1, thrift.Int32, 2)
		w.Int(3, thrift.Int32, 0)
		w.Raw(4, thrift.Binary, []byte("\x01c"))
	})
	w.Int(footerRows, thrift.Int64, 1)
	list := append(binary.AppendUvarint([]byte{0xf0 | thrift.Struct}, chunks), make([]byte, chunks)...)
	w.List(footerGroups, thrift.Struct, 1)
	w.Element(func(w *thrift.Writer) {
		w.Raw(groupColumns, thrift.List, list)
		w.Int(groupRows, thrift.Int64, 1)
	})
	raw := append(w.Bytes, 0)
	var err error
	took := allocated(func() {
		o, broken := outlineOf(raw)
		if broken != nil {
			t.Fatal(broken)
		}
		err = describe(&element.Described{}, o, 1<<30)
	})
	if err == nil || !strings.Contains(err.Error(), "4194304 column chunks for 1 columns") {
		t.Errorf("found the error %v, expected one that counts the column chunks", err)
	}
	if took > 16<<20 {
		t.Errorf("the footer took %d MiB of memory, expected at most 16", took>>20)
	}
}
