package kept

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"tripstats/transforms/element"
)

// TestInputsOfAnIndexAreWhatJSONSays: that they share what is the same in the input before changes none of them.
func TestInputsOfAnIndexAreWhatJSONSays(t *testing.T) {
	x := &Index{Format: Format, Identity: "1"}
	for i := range 3 * sampleOfInputs {
		source := fmt.Sprintf("%d/yellow.parquet", i/2) // also two with the same name
		in := Input{Source: source, URI: []string{"/data/" + source, "/other", ""}[i%3], Token: fmt.Sprint(i / 3), Size: int64(i), Reading: fmt.Sprint(i / 5)}
		in.File.Taxi, in.File.Null, in.File.Unknown = []string{"green", "yellow"}[i/4%2], [][]string{nil, {}, {"a"}, {"a", "b"}}[i/2%4], [][]string{{"u"}, nil}[i/7%2]
		in.File.Source, in.File.URI, in.File.Reading = []string{source, "x"}[i%2], in.URI, in.Reading
		for k := range i % 4 {
			r := Result{Taxi: fmt.Sprint(k), Rows: int64(i), At: Ref{File: fmt.Sprint(i / 6), Offset: int64(i), SHA256: fmt.Sprint(i)}}
			for n := range (i/3 + k) % 3 {
				r.Tables = append(r.Tables, Table{Name: fmt.Sprint(n), Digest: fmt.Sprint(i / 10), Alone: i%9 == 0})
			}
			in.Results = append(in.Results, r)
		}
		if i%11 == 0 {
			in.Results, in.Unusable = []Result{}, &element.Unusable{Found: in.File.Found}
		}
		x.Inputs = append(x.Inputs, in)
	}
	content, err := x.Encode("v/1-a")
	if err != nil {
		t.Fatal(err)
	}
	var want Index
	if err := json.Unmarshal(content, &want); err != nil {
		t.Fatal(err)
	}
	got, err := Decode("v/1-a", content)
	if err != nil || len(got.Inputs) != len(want.Inputs) {
		t.Fatalf("found %v, %v, expected %d inputs", got, err, len(want.Inputs))
	}
	for i, in := range got.Inputs {
		if !reflect.DeepEqual(in, want.Inputs[i]) {
			t.Fatalf("input %d: found %+v, expected %+v", i, in, want.Inputs[i])
		}
	}
}
