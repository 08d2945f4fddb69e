package publish

import (
	"context"
	"reflect"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() { beam.RegisterDoFn(reflect.TypeFor[answerFn]()) }

// answers has what [Answer] found, by the ID of the run. A runner in this process cannot hand over an element otherwise.
var answers sync.Map

// Result is the answer to a question, and the files that it is about.
type Result struct {
	Record  arrow.RecordBatch
	Files   []element.Admitted
	Tallies []element.Tally
	Inputs  []Input // as a manifest has them
}

// Answer reconciles as [Publish] does, and keeps the only table for [Take]. Nothing is published. It needs a runner in this process.
func Answer(s beam.Scope, cfg Config, in Inputs) {
	s = s.Scope("publish.Answer")
	beam.ParDo0(s, &answerFn{Config: cfg}, beam.Impulse(s), beam.SideInput{Input: in.Files}, beam.SideInput{Input: in.LeftOut},
		beam.SideInput{Input: in.Tallies}, beam.SideInput{Input: in.Tables[0]})
}

// Take returns the answer that the run of an ID has found, once.
func Take(id string) (Result, error) {
	found, ok := answers.LoadAndDelete(id)
	if !ok {
		return Result{}, fault.New(fault.Failed, "found no answer of the run, expected one; %s", fault.Ours)
	}
	return found.(Result), nil
}

type answerFn struct{ Config Config }

func (fn *answerFn) ProcessElement(ctx context.Context, _ []byte, files func(*element.AdmittedFiles) bool, leftOut func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool) error {
	r := result{leftOut: element.Drain(leftOut), tables: element.Drain(tables)}
	if err := r.drain(files, tallies); err != nil {
		return err
	}
	if err := r.check(ctx, fn.Config); err != nil {
		return err
	}
	answers.Store(fn.Config.ID, Result{Record: r.tables[0].Record, Files: r.files, Tallies: r.tallies, Inputs: r.manifest(fn.Config).Inputs})
	return nil
}
