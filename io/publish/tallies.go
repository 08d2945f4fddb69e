package publish

import (
	"cmp"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// bySource adds up the tallies of the taxis of each source. The result is sorted by source. Two tallies of one taxi are an error. It works
// in the memory of its argument.
func bySource(tallies []element.Tally) ([]element.Tally, error) {
	slices.SortFunc(tallies, func(a, b element.Tally) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Taxi, b.Taxi))
	})
	out, taxi := tallies[:0], "" // of the last tally
	for _, t := range tallies {
		switch n := len(out); {
		case n == 0 || out[n-1].Source != t.Source:
			out = append(out, t)
		case taxi == t.Taxi:
			return nil, fault.New(fault.Failed, "reconciliation: %s: found two results, expected one; %s", t.Source, fault.Ours)
		default:
			out[n-1] = together(out[n-1], t)
		}
		taxi = t.Taxi
	}
	return out, nil
}

// sourceTallies are tallies as [bySource] returns them. There may be so many that a map of them would take too much memory.
type sourceTallies []element.Tally

// of returns the tally of a source. Without one it is empty.
func (list sourceTallies) of(source string) element.Tally {
	i, found := slices.BinarySearchFunc(list, source, func(t element.Tally, source string) int { return cmp.Compare(t.Source, source) })
	if !found {
		return element.Tally{}
	}
	return list[i]
}

// together adds up the tallies of two taxis of one source.
func together(a, b element.Tally) element.Tally {
	a.Taxi = ""
	a.Rows += b.Rows
	a.Counted += b.Counted
	a.Refused = addRefused(slices.Clone(a.Refused), b.Refused)
	if b.RefusedThere > a.RefusedThere {
		a.RefusedMonth, a.RefusedThere = b.RefusedMonth, b.RefusedThere
	}
	a.Read, a.Left = addMeans(a.Read, b.Read), addMeans(a.Left, b.Left)
	a.Filtered = slices.Concat(a.Filtered, b.Filtered)
	a.Text = a.Text.Plus(b.Text)
	a.NoCodes = element.MergeColumnRows(a.NoCodes, b.NoCodes)
	a.Unreadable = addRefused(slices.Clone(a.Unreadable), b.Unreadable)
	return a
}

// addRefused adds the rows of more to those of list, rule by rule.
func addRefused(list, more []element.Refused) []element.Refused {
	for _, r := range more {
		i := slices.IndexFunc(list, func(o element.Refused) bool { return o.Rule == r.Rule })
		if i < 0 {
			list = append(list, r)
		} else {
			list[i].Rows += r.Rows
		}
	}
	return list
}

// addMeans returns the mean of the values of both.
func addMeans(a, b element.Mean) element.Mean {
	count := a.Count + b.Count
	if count == 0 {
		return a
	}
	return element.Mean{Count: count, Mean: (a.Mean*float64(a.Count) + b.Mean*float64(b.Count)) / float64(count)}
}
