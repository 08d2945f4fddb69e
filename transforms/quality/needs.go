package quality

import (
	"slices"

	"tripstats/transforms/trip"
)

// about are the columns whose values the rule is about.
func (r Rule) about() []trip.Field {
	about := slices.Concat(r.About, r.Also)
	if r.Values != nil {
		about = append(about, r.Leaves)
	}
	return about
}

// applies tells whether the rule has to do with trips of which only some columns are wanted. A row rule always has.
func (r Rule) applies(wanted []trip.Field) bool {
	return r.Scope == Row || slices.ContainsFunc(r.about(), func(f trip.Field) bool { return slices.Contains(wanted, f) })
}

// For returns the rules that have to do with trips of which only some columns are wanted, and the columns, ascending, that these
// rules look at beside the wanted ones. Where the other rules are left out, the wanted columns have the same values as under all rules,
// and the same rows are refused. A column that a rule only looks at keeps the values that the file has.
func For(wanted []trip.Field) (rules []ID, looks []trip.Field) {
	for id, r := range Rules {
		if !r.applies(wanted) {
			continue
		}
		rules = append(rules, ID(id))
		for _, f := range r.Looks {
			if !slices.Contains(wanted, f) {
				looks = append(looks, f)
			}
		}
	}
	slices.Sort(looks)
	return rules, slices.Compact(looks)
}

// Needs are the columns of trips that all rules together need, ascending.
func Needs() []trip.Field {
	var needed []trip.Field
	for _, r := range Rules {
		if needed = append(append(needed, r.Looks...), r.About...); r.Values != nil {
			needed = append(needed, r.Leaves)
		}
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}

// filesNumbers are the columns of files that may have a value that is no number. Codes are not among them: what is no code is null.
func filesNumbers() (numbers []trip.Field) {
	for f, info := range trip.Fields {
		if (info.Type == trip.Measure || info.Type == trip.Zone) && len(info.From) == 0 {
			numbers = append(numbers, trip.Field(f))
		}
	}
	return numbers
}

// otherTimes are the times in files beside the pickup and the dropoff, and the columns that are made of them.
func otherTimes() (times []trip.Field) {
	for f, info := range trip.Fields {
		field := trip.Field(f)
		own := len(info.From) == 0 && info.Type == trip.Time && field != trip.Pickup && field != trip.Dropoff
		if own || slices.ContainsFunc(info.From, func(of trip.Field) bool { return slices.Contains(times, of) }) {
			times = append(times, field)
		}
	}
	return times
}
