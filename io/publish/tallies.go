package publish

import (
	"cmp"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// bySource adds up the tallies of the taxis of each source. The result is sorted by source. Two tallies of one taxi are an error.
func bySource(tallies []element.Tally) ([]element.Tally, error) {
	sorted := slices.SortedFunc(slices.Values(tallies), func(a, b element.Tally) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Taxi, b.Taxi))
	})
	var out []element.Tally
	for i, t := range sorted {
		switch n := len(out); {
		case i == 0 || sorted[i-1].Source != t.Source:
			out = append(out, t)
		case sorted[i-1].Taxi == t.Taxi:
			return nil, fault.New(fault.Failed, "reconciliation: %s: found two results, expected one; %s", t.Source, fault.Ours)
		default:
			out[n-1] = together(out[n-1], t)
		}
	}
	return out, nil
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
