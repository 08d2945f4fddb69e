package kept

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"tripstats/transforms/element"
)

// TestManyInputsTravelInFewBytes: Dataflow takes no job of more than 10 MB.
func TestManyInputsTravelInFewBytes(t *testing.T) {
	var list []*Input
	for i := range 20_000 {
		source := fmt.Sprintf("%05d_yellow_tripdata_2014-03.parquet", i)
		sum := sha256.Sum256([]byte(source))
		in := Input{Source: source, URI: "s3://bucket/raw/" + source, Token: hex.EncodeToString(sum[:16]), Size: int64(16_000 + i%977), Reading: "the same for all of a month"}
		in.File = element.Recognised{Taxi: "yellow", Variant: "yellow 2011 to 2014", Null: []string{"congestion_surcharge", "airport_fee", "cbd_congestion_fee"}}
		in.File.Source, in.File.URI, in.File.Size, in.File.Token, in.File.Reading = in.Source, in.URI, in.Size, in.Token, in.Reading
		in.Results = []Result{{Taxi: "yellow", Rows: 20, At: Ref{File: ".tripstats/v/1-a/kept.bin", Offset: int64(i) * 240, Length: 240, SHA256: hex.EncodeToString(sum[:])}}}
		list = append(list, &in)
	}
	b, err := json.Marshal(struct{ Kept Inputs }{Compact(list)})
	if err != nil || len(b) > 5_000_000 {
		t.Fatalf("found %d bytes, %v, expected at most 5,000,000", len(b), err)
	}
	var got struct{ Kept Inputs }
	if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(all(t, got.Kept), list) {
		t.Errorf("found %d other inputs, %v", len(all(t, got.Kept)), err)
	}
	for _, none := range []Inputs{{}, Compact(nil)} {
		b, err := json.Marshal(none)
		got := Compact(list[:1])
		if err == nil {
			err = json.Unmarshal(b, &got)
		}
		if err != nil || len(got.Lists) != 0 {
			t.Errorf("found %v, %v, expected none", got, err)
		}
	}
}

// all decodes the compact form of inputs.
func all(t *testing.T, list Inputs) (inputs []*Input) {
	t.Helper()
	if err := list.Each(func(in *Input) error { inputs = append(inputs, in); return nil }); err != nil {
		t.Fatal(err)
	}
	return inputs
}

func TestInputsComeInTheOrderOfTheirSources(t *testing.T) {
	var list []*Input
	for i := range 1000 {
		list = append(list, &Input{Source: fmt.Sprintf("%03d", i*7%1000), Size: int64(i)})
	}
	for i, in := range all(t, Compact(list)) {
		if want := fmt.Sprintf("%03d", i); in.Source != want || in.Size != int64(i*143%1000) {
			t.Fatalf("found %s of %d bytes, expected %s of %d", in.Source, in.Size, want, i*143%1000)
		}
	}
}
