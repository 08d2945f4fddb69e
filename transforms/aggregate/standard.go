package aggregate

import (
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[standardFn]())
}

// Standard applies to each source's counts the rules that need no row: zones that are missing or unknown count as
// quality.UnknownZone, and refunds stand by their month.
//
// Standard transforms a PCollection<KV<string, Source>> into a PCollection<KV<string, Source>>.
func Standard(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Map(standard)")
	return beam.ParDo(s, &standardFn{}, perSource)
}

type standardFn struct{}

func (fn *standardFn) ProcessElement(name string, r Source, emit func(string, Source)) {
	emit(name, standardise(r))
}

// standardise returns r with the refunds of its months. It shares no memory that it writes to.
func standardise(r Source) Source {
	r.Months = slices.Clone(r.Months)
	for _, c := range r.Rules {
		if rule := quality.Rules[c.Rule]; !rule.Sums || rule.Leaves != trip.Amount {
			continue
		}
		if i := slices.IndexFunc(r.Months, func(m Month) bool { return m.Month == c.Month }); i >= 0 {
			r.Months[i].Refunds = c.Sum
		}
	}
	return r
}

func (r RuleCount) scope() quality.Scope { return quality.Rules[r.Rule].Scope }
