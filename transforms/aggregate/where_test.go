package aggregate

import (
	"reflect"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// cardTips is a table of some trips alone: those paid by card from 9 to 11 o'clock.
var cardTips = &Spec{
	Name: "card_tips", Step: "card_tips",
	Where:  []Condition{{Of: trip.PaymentType, From: 1, To: 1}, {Of: trip.PickupHour, From: 9, To: 11}},
	Values: []Value{{Name: "trips", Func: Rows}, {Name: "tips", Func: Total, Of: trip.Tip}},
}

// paidTrips is a batch of trips whose payment, hour and month vary, with nulls.
func paidTrips() trip.Batch {
	times := c64(1, 1, 1, 1, 1, 1, 1, 1)
	b := tripsOf("a", march, times, times, times)
	b.Columns[trip.PaymentType] = c64(1, 1, 2, null, 1, 1, 1, 1)
	b.Columns[trip.PickupHour] = c64(9, 11, 10, 10, 12, null, 8, 10)
	b.Columns[trip.Tip] = c64(1_000_000, null, 7_000_000, 7_000_000, 7_000_000, 7_000_000, 7_000_000, 2_500_000)
	b.Months = []trip.MonthRun{{Month: march, End: 1}, {Month: march, End: 2, Refused: true}, {Month: march, End: 7}, {Month: april, End: 8}}
	return b
}

func TestTripsThatDoNotMeetTheConditionsAreCountedApart(t *testing.T) {
	b := paidTrips()
	sums := newSourceSums(&b, newAdders([]*Spec{cardTips, exampleTable}))
	sums.addBatch(&b)
	got, err := sums.result(false)
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, cardTips, got)
	if want := "card_tips\ngreen 2020 2020-03-01 1 1\ngreen 2020 2020-04-01 1 2.5\n"; rows != want {
		t.Errorf("found %s, expected %s", rows, want)
	}
	if n := stateOf(t, got, "card_tips").Filtered; n != 5 || got.Counted != 7 {
		t.Errorf("%d filtered of %d that count, expected 5 of 7", n, got.Counted)
	}
	if n := stateOf(t, got, exampleTable.Name).Filtered; n != 0 {
		t.Errorf("a table without conditions filtered %d trips", n)
	}
	if want := []trip.Field{trip.Pickup, trip.Tip, trip.PaymentType, trip.PickupHour}; !reflect.DeepEqual(cardTips.Needs(), want) {
		t.Errorf("needs %v, expected %v", cardTips.Needs(), want)
	}
}

// TestFilteredTripsSurviveMerging protects the count of a state that has no group.
func TestFilteredTripsSurviveMerging(t *testing.T) {
	state := func(s State) []TableState {
		packed, err := s.packed()
		if err != nil {
			t.Fatal(err)
		}
		return []TableState{{Table: "t", State: packed}}
	}
	full := State{Filtered: 1, Groups: []Group{{Month: march, Rows: 1}}}
	for _, c := range [][2]State{{full, {Filtered: 4}}, {{Filtered: 4}, full}, {{Filtered: 5, Groups: full.Groups}, {}}} {
		merged, err := mergeStates(state(c[0]), state(c[1]))
		if err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, Source{States: merged}, "t"); got.Filtered != 5 || len(got.Groups) != 1 {
			t.Errorf("%v and %v: found %v, expected 5 filtered and a group", c[0], c[1], got)
		}
	}
}

func TestTheTallyHasWhatATableFilters(t *testing.T) {
	tables := []*Spec{cardTips, exampleTable}
	p, s, files := ptest.CreateList([]element.AdmittedFiles{{Files: []element.Admitted{{Source: "a", Taxi: "green", Month: march}}}})
	perSource := PerSource(s, tables, files, Partials(s, tables, beam.CreateList(s, oneByOne([]trip.Batch{paidTrips(), paidTrips()}))))
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, cardTips, Zones{}, perSource)), []string{"card_tips\ngreen 2020 2020-03-01 2 2\ngreen 2020 2020-04-01 2 5\n"})
	left := element.Mean{Count: 14, Mean: 1.0 / minute}
	passert.EqualsList(s, beam.ParDo(s, sortedTallies, Tallies(s, tables, perSource)), []element.Tallies{{List: []element.Tally{
		{Source: "a", Taxi: "green", Whole: "a", Rows: 16, Counted: 14, Filtered: []element.Filtered{{Table: "card_tips", Rows: 10}}, RefusedMonth: march, RefusedThere: 2, Left: left},
	}}})
	ptest.RunAndValidate(t, p)
}

// TestATableThatDoesNotAccountForEveryTripEndsTheRun plants what a fault of the program or its runner might do.
func TestATableThatDoesNotAccountForEveryTripEndsTheRun(t *testing.T) {
	for name, change := range map[string]func(s *State){
		"a group is lost":             func(s *State) { s.Groups = s.Groups[1:] },
		"a state is added twice":      func(s *State) { *s = s.Merge(*s) },
		"filtered trips are lost":     func(s *State) { s.Filtered = 0 },
		"a filtered trip is in twice": func(s *State) { s.Filtered++ },
	} {
		b := paidTrips()
		sums := newSourceSums(&b, newAdders([]*Spec{cardTips}))
		sums.addBatch(&b)
		source, err := sums.result(false)
		if err != nil {
			t.Fatal(err)
		}
		state := stateOf(t, source, "card_tips")
		change(&state)
		if source.States[0].State, err = state.packed(); err != nil {
			t.Fatal(err)
		}
		fn := &tallyFn{Tables: []*Spec{cardTips}}
		err = fn.ProcessElement(source, func(element.Tallies) {})
		const want = "reconciliation: a: table card_tips: found "
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "exit=1") {
			t.Errorf("%s: %v, expected %q and exit 1", name, err, want)
		}
	}
}
