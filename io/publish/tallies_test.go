package publish

import (
	"reflect"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

func TestTheTaxisOfASourceAreReconciledTogether(t *testing.T) {
	stray := func(n int64) []element.Refused { return []element.Refused{{Rule: "pickup_stray", Rows: n}} }
	uber := element.Tally{Source: "b", Taxi: "uber", Rows: 3, Counted: 2, Refused: stray(1), RefusedMonth: 600, RefusedThere: 1, Read: element.Mean{Count: 3, Mean: 10}}
	lyft := element.Tally{
		Source: "b", Taxi: "lyft", Rows: 7, Counted: 4, Refused: stray(3), RefusedMonth: 601, RefusedThere: 3, Read: element.Mean{Count: 1, Mean: 30},
		NoCodes: []element.ColumnRows{{Column: "vendorid", Rows: 2}},
	}
	green := element.Tally{Source: "a", Taxi: "green", Rows: 1, Counted: 1}
	got, err := bySource([]element.Tally{uber, green, lyft})
	if err != nil {
		t.Fatal(err)
	}
	both := element.Tally{
		Source: "b", Rows: 10, Counted: 6, Refused: stray(4), RefusedMonth: 601, RefusedThere: 3, Read: element.Mean{Count: 4, Mean: 15},
		NoCodes: []element.ColumnRows{{Column: "vendorid", Rows: 2}},
	}
	if want := []element.Tally{green, both}; !reflect.DeepEqual(got, want) {
		t.Errorf("found    %+v\nexpected %+v", got, want)
	}
	if _, err := bySource([]element.Tally{uber, lyft, uber}); err == nil || !strings.Contains(err.Error(), "b: found two results, expected one") {
		t.Errorf("one taxi twice: %v", err)
	}
	for name, c := range map[string]struct {
		lyft, uber int64
		want       string
	}{
		"all rows there":            {7, 3, ""},
		"a row lost":                {8, 3, "b: found 7 rows of lyft, expected the 8 that its column has"},
		"a row with another taxi's": {8, 2, "b: found 7 rows of lyft, expected the 8 that its column has"},
	} {
		r := result{files: []element.Admitted{{Source: "b", Taxi: "lyft", Rows: c.lyft}, {Source: "b", Taxi: "uber", Rows: c.uber}}, tallies: []element.Tally{uber, lyft}}
		if err := r.reconcile(Config{}); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := result{files: []element.Admitted{{Source: "b", Taxi: "lyft", Rows: 8, Others: 3}}, tallies: []element.Tally{lyft}}
	if err := r.reconcile(Config{}); err == nil || !strings.Contains(err.Error(), "b: found 7 rows read, expected the footer's without 3 of other taxis, so 8") {
		t.Errorf("a row of the only taxi that is read lost: %v", err)
	}
}
