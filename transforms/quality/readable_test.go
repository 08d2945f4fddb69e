package quality

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestRejectsAreReadable checks that texts with bytes that are no UTF-8 are kept with replacement characters, and nulls as nulls.
func TestRejectsAreReadable(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for _, s := range []string{"5.5", "5\xff\xfe5", "N\xc3\xa9", "\xc3", "\xa9"} {
		b.Append(s)
	}
	b.AppendNull()
	a := b.NewStringArray()
	got, ok := readable(array.NewSlice(a, 1, 6)).(*array.String)
	if !ok || got.Len() != 5 || got.Value(0) != "5\uFFFD5" || got.Value(1) != "N\u00e9" || got.Value(2) != "\uFFFD" || !got.IsNull(4) {
		t.Errorf("found %v", got)
	}
	if apart := readable(array.NewSlice(a, 3, 5)).(*array.String); apart.Value(0) != "\uFFFD" || apart.Value(1) != "\uFFFD" { // together they were a letter
		t.Errorf("found %v", apart)
	}
	if whole := readable(array.NewSlice(a, 0, 1)).(*array.String); whole.Len() != 1 || whole.Value(0) != "5.5" {
		t.Errorf("found %v", whole)
	}
}
