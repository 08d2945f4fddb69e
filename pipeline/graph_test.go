package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/vet"
	"google.golang.org/protobuf/proto"

	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
)

// graphOf builds the pipeline over two files and returns it with its edges.
func graphOf(t *testing.T) (*beam.Pipeline, []*graph.MultiEdge) {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	cfg := configOf("raw", quality.Config{})
	build(s, plan{files: []element.Found{{Source: "a"}, {Source: "b"}}, trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
	edges, _, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p, edges
}

// protoOf is what a portable runner gets to see of the pipeline.
func protoOf(t *testing.T, edges []*graph.MultiEdge) *pipepb.Pipeline {
	t.Helper()
	env, err := graphx.CreateEnvironment(context.Background(), graphx.URNEnvExternal, func(context.Context) string { return "localhost:0" })
	if err != nil {
		t.Fatal(err)
	}
	proto, err := graphx.Marshal(edges, &graphx.Options{Environment: env})
	if err != nil {
		t.Fatal(err)
	}
	return proto
}

func unmarshal(t *testing.T, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
}

const (
	urnParDo   = "beam:transform:pardo:v1"
	urnCombine = "beam:transform:combine_per_key:v1"
)

// TestTheGraphIsABeamPipeline finds, in the pipeline that a runner gets, each step of the design, connected in order.
func TestTheGraphIsABeamPipeline(t *testing.T) {
	_, edges := graphOf(t)
	proto := protoOf(t, edges)
	byName := map[string]*pipepb.PTransform{}
	for _, tr := range proto.GetComponents().GetTransforms() {
		byName[tr.GetUniqueName()] = tr
	}
	find := func(pattern, urn string) *pipepb.PTransform {
		for name, tr := range byName {
			if ok, _ := regexp.MatchString(pattern, name); ok && tr.GetSpec().GetUrn() == urn {
				return tr
			}
		}
		t.Errorf("no %s named %s in the graph", urn, pattern)
		return nil
	}
	find(`source\.Described/`, urnParDo)
	read := find(`source\.Read/`, urnParDo)
	find(`trip\.Map\(fields\)/`, urnParDo)
	find(`trip\.Map\(derive\)/`, urnParDo)
	find(`aggregate\.PerSource/CombinePerKey\(source\)/`, urnCombine)
	find(`aggregate\.Table\(trip_stats\)/CombinePerKey\(monthly\)/`, urnCombine)
	find(`aggregate\.Table\(location_stats\)/CombinePerKey\(location\)/`, urnCombine)
	publish := find(`publish\.Publish/publish\.publishFn`, urnParDo)
	if t.Failed() {
		return
	}
	var pardo pipepb.ParDoPayload
	unmarshal(t, read.GetSpec().GetPayload(), &pardo)
	if pardo.GetRestrictionCoderId() == "" {
		t.Error("the reader is not a splittable DoFn")
	}
	if n := len(publish.GetOutputs()); n != 0 {
		t.Errorf("publish has %d outputs, expected none: it comes last", n)
	}
	if n := len(publish.GetInputs()); n != 7 { // the impulse and files, left out, tallies, tables, what is remembered, refused rows
		t.Errorf("publish has %d inputs, expected 7", n)
	}
}

// TestNoDoFnBothReadsAndAggregates looks at the package of each user function: source's read, aggregate's aggregate,
// and what reads hands rows on to fields and derive, never to an aggregate.
func TestNoDoFnBothReadsAndAggregates(t *testing.T) {
	_, edges := graphOf(t)
	consumers := map[int][]string{} // by node
	name := func(e *graph.MultiEdge) string {
		if e.DoFn != nil {
			return e.DoFn.Name()
		}
		return e.Name()
	}
	for _, e := range edges {
		for _, in := range e.Input {
			consumers[in.From.ID()] = append(consumers[in.From.ID()], name(e))
		}
	}
	follow := func(from string) []string {
		for _, e := range edges {
			if strings.HasSuffix(name(e), from) {
				return consumers[e.Output[0].To.ID()]
			}
		}
		t.Fatalf("no DoFn %s in the graph", from)
		return nil
	}
	for from, want := range map[string]string{
		"source.ReadFn": "trip.fieldsFn",
		"trip.fieldsFn": "trip.deriveFn",
		"trip.deriveFn": "aggregate.partialFn",
	} {
		if got := follow(from); len(got) != 1 || !strings.HasSuffix(got[0], want) {
			t.Errorf("%s feeds %v, expected %s alone", from, got, want)
		}
	}
}

// TestBatchesAreConsumedAtOnce protects the reuse of batch memory: a batch is valid while it is emitted, so only ParDos
// may take batches as their main input; a GroupByKey, a side input or a Reshuffle would keep them.
func TestBatchesAreConsumedAtOnce(t *testing.T) {
	_, edges := graphOf(t)
	seen := 0
	for _, e := range edges {
		for i, in := range e.Input {
			if typ := in.From.Type().Type().String(); strings.HasSuffix(typ, "element.ColumnsList") || strings.HasSuffix(typ, "trip.Batches") {
				if seen++; e.Op != graph.ParDo || i != 0 {
					t.Errorf("%v takes batches of %s as input %d", e, typ, i)
				}
			}
		}
	}
	if seen != 3 { // read to fields, fields to derive, derive to partial
		t.Errorf("batches flow along %d edges, expected 3", seen)
	}
}

// TestEveryFunctionIsRegistered protects workers in other processes, which find functions and types by their names.
func TestEveryFunctionIsRegistered(t *testing.T) {
	for _, p := range []*beam.Pipeline{first(graphOf(t)), quarantineGraph(t)} {
		found, err := vet.Evaluate(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		if found.RequiresRegistrations() {
			_, err := beam.Run(context.Background(), "vet", p)
			t.Errorf("a function or type is not registered, one with NEED_TYPE or NEED_FUNCTION: %v", err)
		}
	}
}

func first(p *beam.Pipeline, _ []*graph.MultiEdge) *beam.Pipeline { return p }

// quarantineGraph is the pipeline with all that the rules can do.
func quarantineGraph(t *testing.T) *beam.Pipeline {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	rules := quality.Config{Keep: quality.KeepCells}
	build(s, plan{files: []element.Found{{Source: "a"}}, trips: tripOptions("", true, aggregate.Tables(true)), standard: true, tables: aggregate.Tables(true), quality: rules, publish: configOf("standard", rules)})
	return p
}
