package quality

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

const null = math.MinInt64

func column(values ...int64) trip.Column {
	c := trip.Column{Values: make([]int64, len(values)), Valid: make([]byte, (len(values)+7)/8)}
	for i, v := range values {
		if v == null {
			c.Nulls++
		} else {
			c.Values[i] = v
			c.Valid[i>>3] |= 1 << (i & 7)
		}
	}
	if c.Nulls == 0 {
		c.Valid = nil
	}
	return c
}

// at returns a wall-clock time in µs.
func at(text string) int64 {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t.UnixMicro()
}

const march2020 = 602

// row is a trip, in whole units.
type row struct {
	pickup, dropoff                   int64 // µs
	passengers, distance, amount, tip int64
}

// good is a trip that breaks no rule.
func good() row {
	return row{pickup: at("2020-03-15 10:00:00"), dropoff: at("2020-03-15 10:10:00"), passengers: 1, distance: 2, amount: 12, tip: 1}
}

// batchOf makes a batch of a file of a month. It derives columns like trip.Derive.
func batchOf(fileMonth int32, rows ...row) trip.Batch {
	var p, d, dur, passengers, distance, amount, tip []int64
	unit := func(v int64) int64 {
		if v == null {
			return null
		}
		return v * trip.Unit
	}
	var months []trip.MonthRun
	for i, r := range rows {
		p, d = append(p, r.pickup), append(d, r.dropoff)
		month := element.NoMonth
		took := int64(null)
		if r.pickup != null {
			month = trip.MonthOf(r.pickup)
			if r.dropoff != null {
				took = r.dropoff - r.pickup
			}
		}
		dur = append(dur, took)
		months = append(months, trip.MonthRun{Month: month, End: i + 1})
		passengers, distance = append(passengers, unit(r.passengers)), append(distance, unit(r.distance))
		amount, tip = append(amount, unit(r.amount)), append(tip, unit(r.tip))
	}
	return trip.Batch{
		Source: "x", FileMonth: fileMonth, Rows: len(rows), Months: months,
		Columns: [trip.NumFields]trip.Column{
			trip.Pickup: column(p...), trip.Dropoff: column(d...), trip.Duration: column(dur...),
			trip.Passengers: column(passengers...), trip.Distance: column(distance...), trip.Amount: column(amount...), trip.Tip: column(tip...),
			trip.PickupZone: column(slices.Repeat([]int64{7}, len(rows))...), trip.DropoffZone: column(slices.Repeat([]int64{8}, len(rows))...),
		},
	}
}

// listOf is a list of batches.
func listOf(batches ...trip.Batch) trip.Batches { return trip.Batches{List: batches} }

func judged(t *testing.T, cfg Config, b trip.Batch) trip.Batch {
	t.Helper()
	fn := &judgeFn{Config: cfg}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	var out trip.Batch
	if err := fn.ProcessElement(listOf(b), func(l trip.Batches) { out = l.List[0] }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEveryCellRuleFiresAloneAndDropsItsValueAlone has, for each rule, a trip that breaks it and a trip at its limit.
func TestEveryCellRuleFiresAloneAndDropsItsValueAlone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*row)
		limit  func(*row) // breaks no rule; nil if there is no limit
		left   string     // the column whose value is left out
	}{
		"dropoff_missing":       {func(r *row) { r.dropoff = null }, nil, "duration"},
		"dropoff_before_pickup": {func(r *row) { r.dropoff = r.pickup - 1 }, func(r *row) { r.dropoff = r.pickup + 1 }, "duration"},
		"duration_zero":         {func(r *row) { r.dropoff = r.pickup }, func(r *row) { r.dropoff = r.pickup + 1 }, "duration"},
		"duration_over":         {func(r *row) { r.dropoff = r.pickup + 18_000_000_001 }, func(r *row) { r.dropoff = r.pickup + 18_000_000_000 }, "duration"},
		"clock_change":          {func(r *row) { r.pickup, r.dropoff = at("2020-03-08 01:50:00"), at("2020-03-08 03:10:00") }, func(r *row) { r.pickup, r.dropoff = at("2020-03-08 03:00:00"), at("2020-03-08 03:10:00") }, "duration"},
		"distance_negative":     {func(r *row) { r.distance = -1 }, func(r *row) { r.distance = 0 }, "distance"},
		"distance_over":         {func(r *row) { r.distance = 201 }, func(r *row) { r.distance = 200 }, "distance"},
		"amount_negative":       {func(r *row) { r.amount = -12 }, func(r *row) { r.amount = 0 }, "amount"},
		"amount_over":           {func(r *row) { r.amount = 5001 }, func(r *row) { r.amount = 5000 }, "amount"},
		"tip_negative":          {func(r *row) { r.tip = -1 }, func(r *row) { r.tip = 0 }, "tip"},
		"tip_over":              {func(r *row) { r.tip = 5001 }, func(r *row) { r.tip = 5000 }, "tip"},
		"passengers_zero":       {func(r *row) { r.passengers = 0 }, func(r *row) { r.passengers = 1 }, "passengers"},
		"passengers_over":       {func(r *row) { r.passengers = 10 }, func(r *row) { r.passengers = 9 }, "passengers"},
	} {
		bad, edge := good(), good()
		c.change(&bad)
		if c.limit != nil {
			c.limit(&edge)
		}
		b := judged(t, Config{}, batchOf(march2020, good(), bad, edge))
		if len(b.Findings) != 1 || Rules[b.Findings[0].Rule].Name != name || b.Findings[0].Rows != 1 || b.Findings[0].Month != march2020 {
			t.Errorf("%s: findings %v, expected it once", name, named(b.Findings))
		}
		for column, c64 := range map[string]trip.Column{"duration": b.Columns[trip.Duration], "distance": b.Columns[trip.Distance], "amount": b.Columns[trip.Amount], "tip": b.Columns[trip.Tip], "passengers": b.Columns[trip.Passengers]} {
			for i := range b.Rows {
				if left := column == c.left && i == 1; c64.IsNull(i) != left {
					t.Errorf("%s: %s of row %d is null: %v, expected %v", name, column, i, !left, left)
				}
			}
		}
		for _, run := range b.Months {
			if run.Refused {
				t.Errorf("%s: a row is refused by a cell rule", name)
			}
		}
	}
}

func named(findings []trip.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s month %d rows %d sum %d", Rules[f.Rule].Name, f.Month, f.Rows, f.Sum))
	}
	return out
}

func TestAllCellRulesThatApplyFire(t *testing.T) {
	r := good()
	r.pickup, r.dropoff = at("2020-03-07 22:00:00"), at("2020-03-08 22:00:00") // a day, over the clock change
	r.distance, r.amount, r.tip, r.passengers = -5, -7, -1, 0
	b := judged(t, Config{}, batchOf(march2020, r))
	want := map[string]int64{"duration_over": 1, "clock_change": 1, "distance_negative": 1, "amount_negative": 1, "tip_negative": 1, "passengers_zero": 1}
	got := map[string]int64{}
	for _, f := range b.Findings {
		got[Rules[f.Rule].Name] += f.Rows
		if ID(f.Rule) == Named("amount_negative") && f.Sum != -7*trip.Unit {
			t.Errorf("refunds sum to %d, expected %d", f.Sum, -7*trip.Unit)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}

func TestNullsBreakNoRuleButDropoffMissing(t *testing.T) {
	r := row{pickup: at("2020-03-15 10:00:00"), dropoff: null, passengers: null, distance: null, amount: null, tip: null}
	b := judged(t, Config{}, batchOf(march2020, r, good()))
	if got := named(b.Findings); len(got) != 1 || ID(b.Findings[0].Rule) != Named("dropoff_missing") {
		t.Errorf("found %v, expected dropoff_missing once", got)
	}
}

func TestBothNightsOfClockChange(t *testing.T) {
	for name, c := range map[string]struct {
		pickup, dropoff string
		fires           bool
	}{
		"before spring":          {"2020-03-08 01:30:00", "2020-03-08 01:59:59", false},
		"into the skipped hour":  {"2020-03-08 01:30:00", "2020-03-08 02:00:00", true},
		"within it":              {"2020-03-08 02:10:00", "2020-03-08 02:20:00", true},
		"out of it":              {"2020-03-08 02:59:59", "2020-03-08 03:20:00", true},
		"across it":              {"2020-03-08 01:59:59", "2020-03-08 03:00:00", true},
		"after it":               {"2020-03-08 03:00:00", "2020-03-08 03:20:00", false},
		"before autumn":          {"2020-11-01 00:30:00", "2020-11-01 00:59:59", false},
		"into the repeated hour": {"2020-11-01 00:30:00", "2020-11-01 01:00:00", true},
		"back within it":         {"2020-11-01 01:50:00", "2020-11-01 01:10:00", true},
		"out of it ":             {"2020-11-01 01:59:59", "2020-11-01 02:20:00", true},
		"after autumn":           {"2020-11-01 02:00:00", "2020-11-01 02:20:00", false},
		"from the month before":  {"2020-10-31 23:30:00", "2020-11-01 02:20:00", true},
		"backwards across it":    {"2020-11-01 02:10:00", "2020-11-01 00:50:00", true},
		"a year later":           {"2020-04-01 00:00:00", "2021-04-01 00:00:00", true},
		"an old rule":            {"2006-04-02 02:30:00", "2006-04-02 03:30:00", true}, // first Sunday of April until 2006
	} {
		r := good()
		r.pickup, r.dropoff = at(c.pickup), at(c.dropoff)
		b := judged(t, Config{}, batchOf(trip.MonthOf(r.pickup), r))
		fired := false
		for _, f := range b.Findings {
			fired = fired || ID(f.Rule) == Named("clock_change")
		}
		if fired != c.fires || fired && !b.Columns[trip.Duration].IsNull(0) {
			t.Errorf("%s: fired %v, expected %v; duration null %v", name, fired, c.fires, b.Columns[trip.Duration].IsNull(0))
		}
	}
}

func TestRowRulesTakeTheFirstThatApplies(t *testing.T) {
	for name, c := range map[string]struct {
		month, file, asOf int32
		want              ID
		refused           bool
	}{
		"its month":             {march2020, march2020, element.NoMonth, 0, false},
		"no pickup":             {element.NoMonth, march2020, element.NoMonth, Named("pickup_missing"), true},
		"no pickup, no month":   {element.NoMonth, element.NoMonth, element.NoMonth, Named("pickup_missing"), true},
		"month before":          {march2020 - 1, march2020, element.NoMonth, Named("pickup_adjacent_month"), true},
		"month after":           {march2020 + 1, march2020, element.NoMonth, Named("pickup_adjacent_month"), true},
		"two after":             {march2020 + 2, march2020, element.NoMonth, Named("pickup_stray"), true},
		"2008":                  {FirstMonth - 1, march2020, element.NoMonth, Named("pickup_stray"), true},
		"no month: 2009":        {FirstMonth, element.NoMonth, march2020, 0, false},
		"no month: 2008":        {FirstMonth - 1, element.NoMonth, march2020, Named("pickup_stray"), true},
		"no month: as of":       {march2020, element.NoMonth, march2020, 0, false},
		"no month: after":       {march2020 + 1, element.NoMonth, march2020, Named("pickup_stray"), true},
		"no month, no as-of":    {march2020 + 999, element.NoMonth, element.NoMonth, 0, false},
		"the file is of 2009-1": {FirstMonth - 1, FirstMonth, element.NoMonth, Named("pickup_adjacent_month"), true},
	} {
		id, refused := Config{AsOf: c.asOf}.rowRule(c.month, c.file)
		if refused != c.refused || refused && id != c.want {
			t.Errorf("%s: %s %v, expected %s %v", name, Rules[id].Name, refused, Rules[c.want].Name, c.refused)
		}
	}
}

func TestRefusedRowsBreakNoCellRule(t *testing.T) {
	bad := row{pickup: at("2008-01-01 00:00:00"), dropoff: null, distance: -1, amount: -1, tip: -1}
	b := judged(t, Config{}, batchOf(march2020, bad, good()))
	if len(b.Findings) != 1 || ID(b.Findings[0].Rule) != Named("pickup_stray") || b.Findings[0].Month != march2020 || !b.Months[0].Refused || b.Months[1].Refused {
		t.Errorf("found findings %v and runs %v", named(b.Findings), b.Months)
	}
}

func TestNotANumberCountsARowOnce(t *testing.T) {
	b := batchOf(march2020, good(), good(), row{pickup: null})
	b.NotNumbers = []int32{0, 2}
	b = judged(t, Config{}, b)
	if got := named(b.Findings); len(got) != 2 || ID(b.Findings[0].Rule) != Named("not_a_number") || b.Findings[0].Rows != 1 {
		t.Errorf("findings %v, expected not_a_number once and pickup_missing", got)
	}
}

func TestRefundsBeyond64BitsAreNotedInParts(t *testing.T) {
	rows := []row{good(), good(), good()}
	b := batchOf(march2020, rows...)
	for i := range b.Columns[trip.Amount].Values {
		b.Columns[trip.Amount].Values[i] = -9_000_000_000_000_000_000
	}
	b.Months = []trip.MonthRun{{Month: march2020, End: 3}}
	b = judged(t, Config{}, b)
	count := int64(0)
	for _, f := range b.Findings {
		count += f.Rows
		if f.Sum > -f.Rows*8_000_000_000_000_000_000 {
			t.Errorf("finding %+v has lost something", f)
		}
	}
	if count != 3 || len(b.Findings) != 3 {
		t.Errorf("found %v, expected three findings", named(b.Findings))
	}
}

func TestTheJudgeNeverWritesToItsInput(t *testing.T) {
	bad := good()
	bad.amount, bad.dropoff = -1, bad.pickup
	in := batchOf(march2020, good(), bad)
	before := append([]int64(nil), in.Columns[trip.Amount].Values...)
	out := judged(t, Config{}, in)
	if !reflect.DeepEqual(in.Columns[trip.Amount].Values, before) || in.Columns[trip.Duration].IsNull(1) || !out.Columns[trip.Amount].IsNull(1) {
		t.Errorf("input changed: %v", in.Columns[trip.Amount])
	}
}

func init() { register.Function1x1(findingsOf) }

func findingsOf(l trip.Batches) string {
	return fmt.Sprint(named(l.List[0].Findings), l.List[0].Months[0].Refused)
}

func TestJudgedInAPipeline(t *testing.T) {
	bad := good()
	bad.tip = 99
	limits, err := ParseLimits("tip_over=98")
	if err != nil {
		t.Fatal(err)
	}
	p, s, trips := ptest.CreateList([]trip.Batches{listOf(batchOf(march2020, bad, good()))})
	passert.EqualsList(s, beam.ParDo(s, findingsOf, Judged(s, Config{Limits: limits, AsOf: element.NoMonth}, trips)),
		[]string{"[tip_over month 602 rows 1 sum 0] false"})
	ptest.RunAndValidate(t, p)
}

func TestLimitsCanBeOverridden(t *testing.T) {
	l, err := ParseLimits(" duration_over=240, distance_over=100 ")
	if err != nil || l.of(Named("duration_over")) != 240*minute || l.of(Named("distance_over")) != 100*trip.Unit || l.of(Named("tip_over")) != 5000*trip.Unit {
		t.Errorf("found the limits %v, %v, expected two that are overridden and the others by default", l, err)
	}
	if l.Digest() == (Limits{}).Digest() || (Limits{}).Digest() != (Limits{"tip_over": 5000}).Digest() {
		t.Error("the digest does not follow the limits in force")
	}
	for _, bad := range []string{"x=1", "duration_zero=1", "tip_over", "tip_over=-1", "tip_over=1,tip_over=2", "tip_over=1.5", "tip_over=100000001"} {
		if l, err := ParseLimits(bad); err == nil {
			t.Errorf("%q: found the limits %v, expected an error", bad, l)
		}
	}
}

func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for id, r := range Rules {
		if r.Name == "" || seen[r.Name] || r.Reason == "" || r.Source == "" || r.Scope != Row && r.Scope != Cell || (r.Limit == 0) != (r.Unit == 0) {
			t.Errorf("rule %d: found %+v, expected a name of its own, a reason, a source, a scope, and a limit with a unit or neither", id, r)
		}
		seen[r.Name] = true
	}
}

// TestClockChangesAreFoundInEveryMonth compares the result with a check of each row on its own, in months with and without a change
// of the clock, and with durations within the limits and far beyond them.
func TestClockChangesAreFoundInEveryMonth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	changes, err := clockChanges("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for month := int32(FirstMonth); month < FirstMonth+17*12; month++ {
		start, end := int64(trip.FirstDay(month))*day, int64(trip.FirstDay(month+1))*day
		want := int64(0)
		rows := make([]row, 200)
		for i := range rows {
			rows[i] = good()
			p := start + r.Int64N(end-start)
			if c := changes[after(changes, start)]; i%2 == 0 && c.start < end { // close to the change
				p = min(max(start, c.start+r.Int64N(2*day/24)-day/24), end-1)
			}
			took := r.Int64N(day / 4)
			switch i % 5 {
			case 1:
				took = r.Int64N(400*day) - 200*day
			case 2:
				took = 0
			}
			rows[i].pickup, rows[i].dropoff = p, p+took
			if i%7 == 0 {
				rows[i].dropoff = null
				took = 0
			}
			if touches(changes, p, p+took) {
				want++
			}
		}
		got := int64(0)
		for _, f := range judged(t, Config{AsOf: element.NoMonth}, batchOf(month, rows...)).Findings {
			if ID(f.Rule) == Named("clock_change") {
				got += f.Rows
			}
		}
		if got != want {
			t.Errorf("month %d: found %d rows, expected %d", month, got, want)
		}
		found += int(got)
	}
	if found < 1000 {
		t.Errorf("found %d rows in all: the test does not test it", found)
	}
}

func BenchmarkJudge(b *testing.B) {
	for name, month := range map[string]int32{"month=march": march2020, "month=april": march2020 + 1} {
		b.Run(name, func(b *testing.B) { benchmarkJudge(b, month) })
	}
}

// dirty returns a batch with the faults of real files.
func dirty(month int32) trip.Batch {
	rows := make([]row, 16<<10)
	for i := range rows {
		rows[i] = good()
		if month != march2020 {
			rows[i].pickup, rows[i].dropoff = rows[i].pickup+31*day, rows[i].dropoff+31*day
		}
		if i%300 == 0 {
			rows[i].dropoff += 86_400_000_000
		}
		if i%5 == 0 {
			rows[i].passengers = null
		}
	}
	in := batchOf(month, rows...)
	in.Months = []trip.MonthRun{{Month: month, End: len(rows)}}
	return in
}

// TestABatchIsJudgedInMemoryThatIsThere checks that judging a batch allocates nothing, however many bad rows it has.
func TestABatchIsJudgedInMemoryThatIsThere(t *testing.T) {
	in, fn := dirty(march2020), &judgeFn{}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	list := listOf(in)
	allocs := testing.AllocsPerRun(20, func() {
		if err := fn.ProcessElement(list, func(trip.Batches) {}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 10 {
		t.Errorf("%v allocations a batch, expected at most 10", allocs)
	}
}

func benchmarkJudge(b *testing.B, month int32) {
	in, fn := dirty(month), &judgeFn{}
	if err := fn.Setup(); err != nil {
		b.Fatal(err)
	}
	list := listOf(in)
	b.ReportAllocs()
	for b.Loop() {
		if err := fn.ProcessElement(list, func(trip.Batches) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(in.Rows), "ns/row")
}
