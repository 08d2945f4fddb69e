package aggregate

import (
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// listing is the table of a query of single trips.
func listing(t *testing.T, text string) *Spec {
	t.Helper()
	q, err := query.ParseQuery("query", text)
	if err != nil {
		t.Fatal(err)
	}
	q.Name = "answer"
	spec := Declared(q, Bounds{1, 1 << 30}, true)
	if spec.PerFile {
		t.Error("found groups that are finished with their file, expected none")
	}
	return spec
}

// listedTrips are two files of five and three trips; a rule refuses the first trip of b, and one trip has no tip.
func listedTrips() (files []element.AdmittedFiles, batches []trip.Batch) {
	some := func(source string, first int64, tips ...int64) trip.Batch {
		b := tripsOf(source, march, c64(tips...), c64(make([]int64, len(tips))...), c64(make([]int64, len(tips))...))
		b.FileRow = first
		return b
	}
	b := some("b", 0, 9_000_000, 6_000_000, 7_000_000)
	b.Months = []trip.MonthRun{{Month: march, End: 1, Refused: true}, {Month: march, End: 3}}
	files = []element.AdmittedFiles{{Files: []element.Admitted{{Source: "a", Taxi: "green", Month: march}, {Source: "b", Taxi: "green", Month: march}, {Source: "c", Taxi: "green", Month: march}}}}
	return files, []trip.Batch{b, some("a", 3, 4_500_000, 5_000_000), some("a", 0, 1_000_000, null, 3_000_000)}
}

// TestTheFirstTripsOfAllSourcesAreListed has the later files and rows first. What is listed and what is filtered is together what counts.
func TestTheFirstTripsOfAllSourcesAreListed(t *testing.T) {
	for _, c := range []struct {
		text, rows string
		counted    int64 // trips that WHERE leaves in
		filtered   int64
	}{
		{"SELECT taxi, tip_amount FROM trips LIMIT 2", "green 1,green -", 7, 0},
		{"SELECT tip_amount * 2 AS twice FROM trips WHERE tip_amount > 3 LIMIT 3", "9,10,12", 4, 3},
		{"SELECT tip_amount FROM trips WHERE tip_amount > 100 LIMIT 3", "", 0, 7},
		{"SELECT tip_amount FROM trips LIMIT 0", "", 7, 0},
	} {
		spec := listing(t, c.text)
		fileList, batches := listedTrips()
		tables := []*Spec{spec}
		p, s, files := ptest.CreateList(fileList)
		perSource := PerSource(s, tables, files, Partials(s, tables, beam.CreateList(s, oneByOne(batches))))
		table := Table(s, spec, Zones{}, perSource)
		passert.EqualsList(s, beam.ParDo(s, text, table), []string{strings.ReplaceAll("answer\n"+strings.ReplaceAll(c.rows+",", ",", "\n"), "\n\n", "\n")})
		passert.EqualsList(s, beam.ParDo(s, countedIn, table), []int64{c.counted})
		passert.EqualsList(s, beam.ParDo(s, filteredIn, Tallies(s, tables, perSource)), []int64{c.filtered})
		ptest.RunAndValidate(t, p)
	}
}

func init() {
	beam.RegisterFunction(countedIn)
	beam.RegisterFunction(filteredIn)
}

func countedIn(t element.Table) int64 { return t.Counted }

// filteredIn adds up what the sources filter.
func filteredIn(t element.Tallies) int64 {
	n := int64(0)
	for _, of := range allOf(t) {
		for _, f := range of.Filtered {
			n += f.Rows
		}
	}
	return n
}

// TestALostTripOfAListIsAnError holds the check that a list has: what it counts and what it filters is what counts.
func TestALostTripOfAListIsAnError(t *testing.T) {
	spec := listing(t, "SELECT tip_amount FROM trips WHERE tip_amount > 3 LIMIT 1")
	_, batches := listedTrips()
	sums := newSourceSums(&batches[1], newAdders([]*Spec{spec}))
	if err := sums.addBatch(&batches[1]); err != nil {
		t.Fatal(err)
	}
	r, err := sums.result(true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.declaredBalances(spec); err != nil {
		t.Error(err)
	}
	r.Counted++
	if _, err := r.declaredBalances(spec); err == nil || !strings.Contains(err.Error(), "found 2 trips in its groups and 0 filtered, expected the 3 that count") {
		t.Errorf("found the error %v, expected one of a trip that is lost", err)
	}
}
