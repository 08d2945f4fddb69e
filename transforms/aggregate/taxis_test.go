package aggregate

import (
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// TestAFileMayHaveTripsOfSeveralTaxis has batches of two taxis in turn, as one file gives them: tables and ledger keep the taxis
// apart, and so do the tallies, whose sum is compared with the file's rows.
func TestAFileMayHaveTripsOfSeveralTaxis(t *testing.T) {
	var batches []trip.Batch
	for i, taxi := range []string{"uber", "lyft", "uber"} {
		b := tripsOf("a", march, c64(1_000_000, 2_000_000), c64(7, 8), c64(8, 8))
		b.Taxi = taxi
		b.Findings = []trip.Finding{{Month: march, Rule: int32(quality.Named("tip_over")), Rows: int64(i + 1)}}
		b.NoCodes = []trip.NoCode{{Field: trip.Vendor, Rows: 1}}
		batches = append(batches, b)
	}
	p, s, files := ptest.CreateList([]element.AdmittedFiles{{Files: []element.Admitted{{Source: "a", Taxi: "uber", Month: march}, {Source: "a", Taxi: "lyft", Month: march}}}})
	perSource := PerSource(s, Tables(true), files, Partials(s, Tables(true), beam.CreateList(s, oneByOne(batches))))
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, locationStats, Zones{}, perSource)), []string{`location_stats
lyft 2020 2020-03-01 7 1 0 Astoria Queens
lyft 2020 2020-03-01 8 1 2 Astoria Park Queens
uber 2020 2020-03-01 7 2 0 Astoria Queens
uber 2020 2020-03-01 8 2 4 Astoria Park Queens
`})
	passert.EqualsList(s, beam.ParDo(s, text, Ledger(s, perSource)), []string{`quality
lyft a 2020-03-01 rows_counted file 2
lyft a 2020-03-01 rows_read file 2
lyft a 2020-03-01 tip_over cell 2
uber a 2020-03-01 rows_counted file 4
uber a 2020-03-01 rows_read file 4
uber a 2020-03-01 tip_over cell 4
`})
	mean := element.Mean{Count: 2, Mean: 1.5 / 60}
	passert.EqualsList(s, beam.ParDo(s, sortedTallies, Tallies(s, Tables(true), perSource)), []element.Tallies{{List: []element.Tally{
		{Source: "a", Taxi: "lyft", Whole: "a", Rows: 2, Counted: 2, Left: mean, NoCodes: []element.ColumnRows{{Column: "vendorid", Rows: 1}}},
		{Source: "a", Taxi: "uber", Whole: "a", Rows: 4, Counted: 4, Left: element.Mean{Count: 4, Mean: mean.Mean}, NoCodes: []element.ColumnRows{{Column: "vendorid", Rows: 2}}},
	}}})
	ptest.RunAndValidate(t, p)
}
