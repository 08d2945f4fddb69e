package trip

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestCodesAreNotWrittenToTheFilesMemory has values that are not codes and become null. The batch's origin must not change.
func TestCodesAreNotWrittenToTheFilesMemory(t *testing.T) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues([]int64{1, noCode, 0}, nil)
	a := b.NewInt64Array()
	for _, f := range []Field{RateCode, StoredAndForwarded} {
		fn := &fieldsFn{}
		var mem columnMemory
		values, bad := fn.converter(f, source{})(a, mem.memory(a.Len()))
		if bad != nil {
			t.Fatal(bad)
		}
		c := fn.finish(f, withNulls(a, values, mem.memory(a.Len())), &mem)
		if c.Nulls != 1 || !c.IsNull(1) || c.Values[0] != 1 || a.Value(1) != noCode {
			t.Errorf("%s: found %v with %d nulls, and %v in the file", Fields[f].Name, c.Values, c.Nulls, a.Int64Values())
		}
	}
}
