package element

import (
	"bytes"
	"context"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/typex"
)

// wide returns a record with as many rows as a batch has.
func wide() arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64}}, nil))
	defer b.Release()
	for i := range 16384 {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
	}
	return b.NewRecordBatch()
}

// Beam's node of a PCollection encodes some elements only to count their bytes: that must not cost what encoding costs.
func TestElementsThatAreOnlyCountedAreNotEncoded(t *testing.T) {
	c := ColumnsList{[]Columns{{Source: "a", Record: wide()}, {Source: "b", Record: wide()}}}
	whole, err := encodeColumnsList(c)
	if err != nil {
		t.Fatal(err)
	}
	custom, err := coder.NewCustomCoder("columns", typeOf[ColumnsList](), encodeColumnsList, decodeColumnsList)
	if err != nil {
		t.Fatal(err)
	}
	registered := &coder.Coder{Kind: coder.Custom, T: typex.New(typeOf[ColumnsList]()), Custom: custom}
	node := &exec.PCollection{PColID: "columns", Out: &exec.Discard{UID: 1}, Coder: registered, WindowCoder: coder.NewGlobalWindow()}
	ctx := context.Background()
	if err := node.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if err := node.StartBundle(ctx, "1", exec.DataContext{}); err != nil {
		t.Fatal(err)
	}
	value := &exec.FullValue{Elm: c}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := node.ProcessElement(ctx, value); err != nil { // Beam counts the bytes of the first elements
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(whole))/2 {
		t.Errorf("to count the bytes of an element took %d bytes, as much as to encode its %d: is there a new name in Beam for a function of OnlyCounted?", took, len(whole))
	}

	// What leaves the stage is encoded as a whole.
	var out bytes.Buffer
	if err := exec.MakeElementEncoder(registered).Encode(value, &out); err != nil {
		t.Fatal(err)
	}
	if out.Len() < len(whole) {
		t.Errorf("found an encoded element of %d bytes, expected %d", out.Len(), len(whole))
	}
}
