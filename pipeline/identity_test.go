package main

import (
	"fmt"
	"testing"

	"tripstats/io/kept"
	"tripstats/transforms/element"
)

// TestTheIdentityIsTheDigestOfAllInputsTogether protects the identities that existing outputs have recorded. An identity is the digest of
// JSON with everything that decides the tables, and with the inputs in the order of their sources.
func TestTheIdentityIsTheDigestOfAllInputsTogether(t *testing.T) {
	type input struct {
		Source, URI, Token, Reading string
		Without                     []string
	}
	s := &settings{}
	for n := range 4 {
		var choices []choice
		var inputs []input
		for i := range n {
			f := element.Found{Source: fmt.Sprint(n - i)}
			choices = append(choices, choice{file: wantedFile{found: &f, uri: "/" + f.Source, token: "t", reading: "r", without: []string{"green"}}})
			inputs = append([]input{{f.Source, "/" + f.Source, "t", "r", []string{"green"}}}, inputs...)
		}
		want := digestOf(struct {
			Format   int
			Version  string
			Settings map[string]string
			Tables   [][2]string
			Inputs   []input
		}{kept.Format, version, s.inForce(decidesReading, decidesTogether, decidesForm, decidesGuard), [][2]string{{"t", "d"}}, inputs})
		if got := s.identityOf([]wantedTable{{"t", "d"}}, choices); got != want {
			t.Errorf("%d inputs: found %s, expected %s", n, got, want)
		}
	}
}
