package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
)

// TestRunnersTakeNoElementApart checks that no element is encoded as a row: runners in other languages read rows differently than Go
// writes them.
func TestRunnersTakeNoElementApart(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	rules := quality.Config{Keep: quality.KeepCells}
	build(s, plan{files: []element.Found{{Source: "a"}}, dealt: true, trips: tripOptions("", true, aggregate.Tables(true)), standard: true, tables: aggregate.Tables(true), quality: rules, publish: configOf("standard", rules)})
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

// TestWorkersAreToldWhatTheFlagsSay checks that the values of flags are in the DoFns, because flags are not set on workers.
func TestWorkersAreToldWhatTheFlagsSay(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	read := source.Config{Access: objstore.Access{AllowHTTP: true}, Memory: 300 << 20}
	cfg := configOf("raw", quality.Config{})
	cfg.Access = read.Access
	build(s, plan{files: []element.Found{{Source: "a"}}, read: read, dealt: true, trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
	edges, _, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, e := range edges {
		if e.DoFn != nil && e.DoFn.Recv != nil {
			b, err := json.Marshal(e.DoFn.Recv)
			if err != nil {
				t.Fatal(err)
			}
			_, name, _ := strings.Cut(e.DoFn.Name(), ".")
			told[name] = string(b)
		}
	}
	for name, words := range map[string][]string{
		"ReadFn": {`"AllowHTTP":true`, `"Memory":314572800`}, "describeFn": {`"AllowHTTP":true`}, "publishFn": {`"AllowHTTP":true`, `"ID":"` + cfg.ID},
	} {
		for _, w := range words {
			if !strings.Contains(told[name], w) {
				t.Errorf("%s is told %s, expected %s in it", name, told[name], w)
			}
		}
	}
}
