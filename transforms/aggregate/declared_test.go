package aggregate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

func init() {
	register.Function2x0(tallyLines)
	register.Function1x1(recognisedIn)
	register.Function1x1(admittedIn)
	register.Emitter1[string]()
}

// declaredOf returns the table of a SELECT.
func declaredOf(t *testing.T, name, text string, judged bool) *Spec {
	t.Helper()
	queries, err := query.ParseTables("test.sql", "CREATE TABLE "+name+" AS "+text)
	if err != nil {
		t.Fatal(err)
	}
	return Declared(queries[0], Bounds{Groups: 1000, Bytes: 1 << 20}, judged)
}

// zonedTrips are three files with trips and one without: a has two batches, c has a trip that a rule refuses. B is of a's taxi, and of the
// month that is given. If that is a's, neither is alone.
func zonedTrips(monthOfB int32) (files []element.AdmittedFiles, batches []trip.Batch) {
	list := []element.Admitted{
		{Source: "a", Taxi: "green", Month: march, Rows: 5, Alone: monthOfB != march},
		{Source: "b", Taxi: "green", Month: monthOfB, Rows: 2, Alone: monthOfB != march},
		{Source: "c", Taxi: "yellow", Month: march, Rows: 2, Alone: true},
		{Source: "d", Taxi: "green", Month: april + 1, Alone: true},
	}
	add := func(file int, zones, tips []int64) *trip.Batch {
		f := list[file]
		b := tripsOf(f.Source, f.Month, c64(tips...), c64(zones...), c64(zones...))
		b.Taxi, b.FileMonth, b.FileRows, b.Alone = f.Taxi, f.Month, f.Rows, f.Alone
		for i := range b.Rows {
			b.Columns[trip.Pickup].Values[i] = int64(trip.FirstDay(f.Month)) * 24 * 3600 * 1_000_000
		}
		batches = append(batches, b)
		return &batches[len(batches)-1]
	}
	const dollar = 1_000_000
	add(0, []int64{1, 1, 2}, []int64{1 * dollar, 2 * dollar, 3 * dollar})
	add(0, []int64{1, 2}, []int64{4 * dollar, null})
	add(1, []int64{1, 3}, []int64{10 * dollar, 20 * dollar})
	c := add(2, []int64{1, 1}, []int64{7 * dollar, 9 * dollar})
	c.Months = []trip.MonthRun{{Month: march, End: 1}, {Month: march, End: 2, Refused: true}}
	return []element.AdmittedFiles{{Files: list}}, batches
}

// TestTablesInSQLBesideStandingOnes has their groups finished in the bundle of the file, after its bundles, and after all files, on both
// runners. Where two files are of one taxi and month, groups have trips of both.
func TestTablesInSQLBesideStandingOnes(t *testing.T) {
	const (
		byZone   = "SELECT taxi, month_start, pickup_location_id AS zone, count(*) AS n, sum(tip_amount) AS tips FROM trips GROUP BY ALL HAVING count(*) > 1"
		together = "SELECT pickup_location_id AS zone, count(*) AS n, sum(tip_amount) AS tips, median(tip_amount) AS middle FROM trips GROUP BY zone"
		total    = "SELECT count(*) AS n FROM trips WHERE tip_amount > 3"
		rich     = "SELECT taxi, count(*) AS n FROM trips WHERE tip_amount > 1000 GROUP BY taxi"
	)
	apart := []string{"green 2020-03-01 1 3 7", "green 2020-03-01 2 2 3"}
	merged := []string{"green 2020-03-01 1 4 17", "green 2020-03-01 2 2 3"}
	for _, c := range []struct {
		name     string
		monthOfB int32
		judged   bool
		bundles  int // of batches
		byZone   []string
	}{
		{"finished in the bundle of a file", april, true, 1, apart},
		{"finished after the bundles of a file", april, true, 4, apart},
		{"finished at the end, without rules", april, false, 2, apart},
		{"files of one month", march, true, 1, merged},
		{"files of one month, in several bundles", march, true, 4, merged},
	} {
		tables := append(Tables(true), declaredOf(t, "by_zone", byZone, c.judged), declaredOf(t, "together", together, c.judged), declaredOf(t, "total", total, c.judged), declaredOf(t, "rich", rich, c.judged))
		fileList, batches := zonedTrips(c.monthOfB)
		for _, runner := range []string{"direct", "prism"} {
			t.Run(c.name+"/"+runner, func(t *testing.T) {
				p, s, files := ptest.CreateList(fileList)
				var partials []beam.PCollection
				for part := range slices.Chunk(batches, len(batches)/c.bundles) {
					partials = append(partials, Partials(s, tables, beam.CreateList(s, oneByOne(part))))
				}
				perSource := PerSource(s, tables, files, beam.Flatten(s, partials...))
				for _, want := range []struct {
					table   string
					rows    []string
					counted int64
				}{
					{"by_zone", c.byZone, 8},
					{"together", []string{"1 5 24 4", "2 2 3 3", "3 1 20 20"}, 8},
					{"total", []string{"4"}, 4},
					{"rich", nil, 0},
				} {
					i := slices.IndexFunc(tables, func(s *Spec) bool { return s.Name == want.table })
					table := Table(s, tables[i], Zones{}, perSource)
					passert.EqualsList(s, beam.ParDo(s, text, table), []string{strings.Join(append([]string{want.table}, want.rows...), "\n") + "\n"})
					passert.EqualsList(s, beam.ParDo(s, countedIn, table), []int64{want.counted})
				}
				passert.EqualsList(s, beam.ParDo(s, tallyLines, Tallies(s, tables, perSource)), []string{"a 5 total 4 rich 5", "b 2 rich 2", "c 1 rich 1", "d 0"})
				alone := PerSource(s, Tables(true), files, Partials(s, Tables(true), beam.CreateList(s, oneByOne(batches))))
				monthly := specOf("trip_stats", true)
				passert.Equals(s, beam.ParDo(s, text, Table(s, monthly, Zones{}, perSource)), beam.ParDo(s, text, Table(s, monthly, Zones{}, alone)))
				if _, err := beam.Run(context.Background(), runner, p); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// tallyLines has a line for each source: the trips that count and, by table, those that it filters.
func tallyLines(tallies element.Tallies, emit func(string)) {
	for _, t := range allOf(tallies) {
		line := fmt.Sprintf("%s %d", t.Source, t.Counted)
		for _, f := range t.Filtered {
			line += fmt.Sprintf(" %s %d", f.Table, f.Rows)
		}
		emit(line)
	}
}

// TestFilesThatAnAnswerDoesNotNeedArePruned has the functions travel to a worker, as prism encodes them.
func TestFilesThatAnAnswerDoesNotNeedArePruned(t *testing.T) {
	files := []struct {
		source, taxi string
		month        int32
	}{{"a", "green", march}, {"b", "green", april}, {"c", "yellow", march}, {"d", "green", element.NoMonth}}
	var read element.RecognisedFiles
	var admitted element.AdmittedFiles
	for _, f := range files {
		of := element.Recognised{Taxi: f.taxi}
		of.Source, of.Month = f.source, f.month
		read.Files = append(read.Files, of)
		admitted.Files = append(admitted.Files, of.Admit()...)
	}
	for _, c := range []struct {
		where  string
		judged bool
		want   string
	}{
		{"taxi = 'green'", true, "a b d"},
		{"taxi = 'green' AND month_start = DATE '2020-03-01'", true, "a d"},
		{"taxi = 'green' AND month_start = DATE '2020-03-01'", false, "a b d"},
		{"pickup_datetime >= TIMESTAMP '2020-04-01 00:00:00' AND tip_amount > 0", true, "b d"},
		{"taxi = 'blue'", true, ""},
	} {
		for _, runner := range []string{"direct", "prism"} {
			spec := declaredOf(t, "answer", "SELECT count(*) AS n FROM trips WHERE "+c.where, c.judged)
			p, s := beam.NewPipelineWithRoot()
			r, a := Pruned(s, spec, c.judged, beam.CreateList(s, []element.RecognisedFiles{read}), beam.CreateList(s, []element.AdmittedFiles{admitted}))
			passert.EqualsList(s, beam.ParDo(s, recognisedIn, r), []string{c.want})
			passert.EqualsList(s, beam.ParDo(s, admittedIn, a), []string{c.want})
			if _, err := beam.Run(context.Background(), runner, p); err != nil {
				t.Errorf("%s, judged %v, %s: %v", c.where, c.judged, runner, err)
			}
		}
	}
}

func recognisedIn(t element.RecognisedFiles) string {
	return namesOf(allOf(t), func(f element.Recognised) string { return f.Source })
}

func admittedIn(t element.AdmittedFiles) string {
	return namesOf(allOf(t), func(f element.Admitted) string { return f.Source })
}

func namesOf[F any](files []F, name func(F) string) string {
	var names []string
	for _, f := range files {
		names = append(names, name(f))
	}
	return strings.Join(names, " ")
}

// TestBlocksSurviveAStageBoundary protects the coder of an accumulator.
func TestBlocksSurviveAStageBoundary(t *testing.T) {
	state := zonesState(t, declaredOf(t, "pickups", "SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY ALL", false)).State
	for _, b := range []Blocks{{}, {Finished: [][]byte{{1}, {2, 3}}}, {Finished: [][]byte{{}}, Others: [][]byte{state}}} {
		coded, err := encodeBlocks(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeBlocks(coded)
		same := slices.EqualFunc(back.Finished, b.Finished, bytes.Equal) && slices.EqualFunc(back.Others, b.Others, bytes.Equal)
		if err != nil || !same {
			t.Errorf("found %v, %v, expected %v", back, err, b)
		}
	}
}
