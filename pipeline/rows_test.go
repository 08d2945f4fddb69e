package main

import (
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// TestRunnersTakeNoElementApart protects against runners in other languages that read rows otherwise than Go writes them.
func TestRunnersTakeNoElementApart(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	rules := quality.Config{Keep: quality.KeepCells}
	build(s, plan{files: []element.File{{Source: "a"}}, lanes: 1, dealt: true, trips: tripOptions("", true), standard: true, quality: rules, publish: configOf("standard", rules)})
	edges, nodes, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) < 20 {
		t.Fatalf("found %d nodes, expected the whole graph", len(nodes))
	}
	for _, c := range protoOf(t, edges).GetComponents().GetCoders() {
		if c.GetSpec().GetUrn() == "beam:coder:row:v1" {
			t.Error("a runner would see a row; give the type a coder as in transforms/element/opaque.go")
		}
	}
}
