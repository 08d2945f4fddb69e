package aggregate

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/query"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[pruneFn]())
	beam.RegisterDoFn(reflect.TypeFor[pruneAdmittedFn]())
	register.Emitter1[element.RecognisedFiles]()
	register.Emitter1[element.AdmittedFiles]()
}

// Pruned leaves out the files that cannot have a trip which a declared table counts. If rules are applied, a trip's pickup is in its
// file's month.
//
// Pruned transforms a PCollection<element.RecognisedFiles> and a PCollection<element.AdmittedFiles> into such collections of fewer files.
func Pruned(s beam.Scope, spec *Spec, judged bool, toRead, admitted beam.PCollection) (read, admits beam.PCollection) {
	s = s.Scope("aggregate.Pruned")
	p := Pruning{Spec: spec, Judged: judged}
	return beam.ParDo(s, &pruneFn{p}, toRead), beam.ParDo(s, &pruneAdmittedFn{p}, admitted)
}

// Pruning says which files a declared table can do without.
type Pruning struct {
	Spec   *Spec
	Judged bool
}

// Needs tells whether a file of a taxi and month can have trips that the table counts. A file without a month in its name has
// element.NoMonth.
func (p Pruning) Needs(taxi string, month int32) bool { return p.needs(p.Spec.query(), taxi, month) }

func (p Pruning) needs(q *query.Query, taxi string, month int32) bool {
	if !p.Judged {
		month = element.NoMonth // a pickup may be in any
	}
	return q.CanMatch(query.BoundsOf(taxi, month))
}

type pruneFn struct{ Pruning Pruning }

func (fn *pruneFn) ProcessElement(list element.RecognisedFiles, emit func(element.RecognisedFiles)) error {
	files, err := list.All()
	if err != nil {
		return err
	}
	q, kept := fn.Pruning.Spec.query(), element.RecognisedFiles{}
	for _, f := range files {
		f = f.Only(func(taxi string) bool { return fn.Pruning.needs(q, taxi, f.Month) })
		if len(f.ByTaxi()) > 0 {
			kept.Files = append(kept.Files, f)
		}
	}
	emit(kept)
	return nil
}

type pruneAdmittedFn struct{ Pruning Pruning }

func (fn *pruneAdmittedFn) ProcessElement(list element.AdmittedFiles, emit func(element.AdmittedFiles)) error {
	files, err := list.All()
	if err != nil {
		return err
	}
	q, kept := fn.Pruning.Spec.query(), element.AdmittedFiles{}
	others, untold := map[string]int64{}, map[string]int64{} // by source: of the taxis that are not needed; all taxis of a file are in one list
	for _, f := range files {
		if fn.Pruning.needs(q, f.Taxi, f.Month) {
			kept.Files = append(kept.Files, f)
		} else {
			others[f.Source] += f.Rows - f.Untold
			untold[f.Source] += f.Untold
		}
	}
	for i := range kept.Files {
		f := &kept.Files[i]
		f.Others += others[f.Source]
		f.Rows += untold[f.Source] // they are with the first taxi that is read
		f.Untold += untold[f.Source]
		delete(untold, f.Source)
	}
	emit(kept)
	return nil
}
