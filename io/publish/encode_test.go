package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// TestAManifestIsTheJSONOfItsFields compares encode with the JSON package, which encodes the whole manifest at once.
func TestAManifestIsTheJSONOfItsFields(t *testing.T) {
	for _, n := range []int{0, 1, 2, sampleOfInputs, sampleOfInputs + 1, 300} {
		m := &Manifest{Schema: ManifestSchema, Flags: map[string]string{"input": "<a> & \n  \"inputs\": []"}, Inputs: []Input{}, LeftOut: []string{"x"}, Outputs: []Output{{Table: "t"}}}
		for i := range n {
			m.Inputs = append(m.Inputs, Input{Source: fmt.Sprintf("%d <x>", i), Null: []string{"a", "b"}, NoCodes: map[string]int64{"b": 1, "a": int64(i)}, Parts: []Part{{Name: "p", Rows: 3}}})
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
		if got := m.encode(); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%d inputs: found %s, expected %s", n, got, want.Bytes())
		}
	}
}
