package kept

import (
	"bytes"
	"fmt"
	"testing"

	"tripstats/transforms/element"
)

// TestAnIndexIsTheSameInputByInput compares the two ways to encode an index, of none to more inputs than a block has.
func TestAnIndexIsTheSameInputByInput(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3000} {
		x := &Index{Format: Format, Identity: "id <&>", Inputs: make([]Input, 0, n)}
		var list Encoded
		for i := range n {
			in := Input{Source: fmt.Sprintf("%05d\n<é>.parquet", i), Token: "t", Size: int64(i), Results: []Result{{Taxi: "yellow", At: Ref{File: "kept.bin", Offset: int64(i)}}}}
			if i%7 == 0 {
				in.Unusable = &element.Unusable{Why: "no\ntrips"}
			}
			x.Inputs = append(x.Inputs, in)
			if err := list.Add(in); err != nil {
				t.Fatal(err)
			}
		}
		e, err := NewEncoder("dir", x.Format, x.Identity)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		err = list.Each(func(source string, input []byte) error {
			if source != x.Inputs[at].Source {
				t.Errorf("%d inputs: found %q at place %d, expected %q", n, source, at, x.Inputs[at].Source)
			}
			at++
			return e.Add(input)
		})
		if err != nil || at != n {
			t.Fatalf("found %d inputs (%v), expected %d", at, err, n)
		}
		write, err := e.End()
		if err != nil {
			t.Fatal(err)
		}
		want, err := x.Encode("dir")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // it may be written again
			var got bytes.Buffer
			if err := write(&got); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d inputs: found another index than Encode makes (%v)", n, err)
			}
		}
		if _, err := Decode("dir", want); err != nil {
			t.Error(err)
		}
	}
}
