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

// standardise returns r with its zones folded and the findings of that. It shares no memory that it writes to.
func standardise(r Source) Source {
	rules := slices.Clone(r.Rules)
	months := make([]Month, len(r.Months))
	for i, m := range r.Months {
		var found []RuleCount
		months[i], found = foldZones(m, r.Coordinates)
		rules = mergeSorted(rules, found, RuleCount.key, mergeRules)
	}
	for _, c := range rules {
		if r := quality.Rules[c.Rule]; !r.Sums || r.Leaves != trip.Amount {
			continue
		}
		if i := slices.IndexFunc(months, func(m Month) bool { return m.Month == c.Month }); i >= 0 {
			months[i].Refunds = c.Sum
		}
	}
	r.Months, r.Rules = months, rules
	return r
}

// foldZones counts the zones of a month that are missing or outside TLC's table as quality.UnknownZone.
func foldZones(m Month, coordinates bool) (Month, []RuleCount) {
	var missing, unknown Counts
	missing, m.NoZone = m.NoZone, Counts{}
	var known []Zone
	for _, z := range m.Zones {
		if z.Zone < quality.FirstZone || z.Zone > quality.LastZone {
			unknown = unknown.plus(z.Counts)
		} else {
			known = append(known, z)
		}
	}
	m.Zones = known
	if folded := missing.plus(unknown); folded != (Counts{}) {
		m.Zones = mergeZones(known, []Zone{{Zone: quality.UnknownZone, Counts: folded}})
	}
	var found []RuleCount
	note := func(id quality.ID, rows int64) {
		if rows != 0 {
			found = append(found, RuleCount{Month: m.Month, Rule: int32(id), Rows: rows})
		}
	}
	if coordinates { // no trip of the file has a zone: one rule says so, not two
		note(quality.ZoneRule(quality.FileWithoutZones, trip.PickupZone), missing.Pickups)
	} else {
		note(quality.ZoneRule(quality.ZoneNull, trip.PickupZone), missing.Pickups)
		note(quality.ZoneRule(quality.ZoneNull, trip.DropoffZone), missing.Dropoffs)
	}
	note(quality.ZoneRule(quality.ZoneOutside, trip.PickupZone), unknown.Pickups)
	note(quality.ZoneRule(quality.ZoneOutside, trip.DropoffZone), unknown.Dropoffs)
	return m, found
}

func (r RuleCount) scope() quality.Scope { return quality.Rules[r.Rule].Scope }
