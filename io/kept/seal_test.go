package kept

import (
	"bytes"
	"errors"
	"testing"
)

// TestAnIndexThatIsNotTheVersionsOwnIsNotBelieved changes each byte of an index, and gives it to another version.
func TestAnIndexThatIsNotTheVersionsOwnIsNotBelieved(t *testing.T) {
	x := &Index{Format: Format, Identity: "1", Inputs: []Input{{Source: "a.parquet", Token: "t", Size: 7, Results: []Result{{Taxi: "yellow", Rows: 3}}}}}
	content, err := x.Encode("v/1-a")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode("v/1-a", content)
	if err != nil || got.Inputs[0].Source != "a.parquet" || got.Inputs[0].Results[0].Rows != 3 {
		t.Fatalf("found %+v, %v, expected the index as it was", got, err)
	}
	if again, err := got.Encode("v/1-a"); err != nil || !bytes.Equal(again, content) {
		t.Errorf("coded again: found %s, %v, expected %s", again, err, content)
	}
	if _, err := Decode("v/2-b", content); !errors.Is(err, ErrSeal) {
		t.Errorf("in another version: found %v, expected %v", err, ErrSeal)
	}
	for i := range content {
		for bit := range 8 {
			damaged := bytes.Clone(content)
			damaged[i] ^= 1 << bit
			if got, err := Decode("v/1-a", damaged); err == nil {
				t.Errorf("bit %d of byte %d is another: found %+v, expected an error", bit, i, got)
			}
		}
	}
}
