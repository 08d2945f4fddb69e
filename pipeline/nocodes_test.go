package main

import (
	"strings"
	"testing"

	"tripstats/io/publish"
)

func TestValuesWithoutANumberHaveANoteForEachColumn(t *testing.T) {
	m := &publish.Manifest{Inputs: []publish.Input{
		{Source: "a"},
		{Source: "b", NoCodes: map[string]int64{"vendorid": 3, "payment_type": 1}},
		{Source: "c", NoCodes: map[string]int64{"vendorid": 4}},
	}}
	var got strings.Builder
	noteNoCodes(console{w: &got}, m)
	want := `tripstats: note: payment_type: found 1 values without a number, in b; they count as null
tripstats: note: vendorid: found 7 values without a number, in 2 files, first b; they count as null
`
	if got.String() != want {
		t.Errorf("found\n%sexpected\n%s", got.String(), want)
	}
}
