package quality

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// pruned returns a batch with some of its columns alone.
func pruned(b trip.Batch, fields []trip.Field) trip.Batch {
	var columns [trip.NumFields]trip.Column
	for _, f := range fields {
		columns[f] = b.Columns[f]
	}
	b.Columns = columns
	return b
}

// oddBatch is a batch of trips of which many break rules.
func oddBatch(rng *rand.Rand) trip.Batch {
	times := []int64{null, at("2020-03-08 01:30:00"), at("2020-03-08 03:05:00"), at("2020-03-15 10:00:00"), at("2020-03-15 10:10:00"), at("2020-02-29 23:50:00"), at("2008-01-01 00:00:00"), at("2020-03-16 23:00:00")}
	pick := func(v ...int64) int64 { return v[rng.IntN(len(v))] }
	rows := make([]row, 20)
	var from, to, fare []int64
	for i := range rows {
		rows[i] = row{
			pickup: pick(times...), dropoff: pick(times...), passengers: pick(null, 0, 1, 9, 10, -trip.MaxValue-1), distance: pick(null, -1, 0, 2, 201),
			amount: pick(null, -7, 0, 12, 6000), tip: pick(null, -1, 0, 3, 6000),
		}
		if rows[i].pickup == null && rng.IntN(3) > 0 {
			rows[i].pickup = times[3]
		}
		from, to, fare = append(from, pick(null, 0, 1, 132, 264, 265, 266)), append(to, pick(null, -1, 7, 300)), append(fare, pick(null, 5, -5))
	}
	b := batchOf(march2020, rows...)
	b.Columns[trip.PickupZone], b.Columns[trip.DropoffZone], b.Columns[trip.Fare] = column(from...), column(to...), column(fare...)
	b.NotNumbers = []int32{3, 11}
	if b.NoZones = rng.IntN(4) == 0; b.NoZones {
		none := column(slices.Repeat([]int64{null}, len(rows))...)
		b.Columns[trip.PickupZone], b.Columns[trip.DropoffZone] = none, none
	}
	return b
}

// totals adds up the findings of some rules by month and rule.
func totals(findings []trip.Finding, rules []ID) map[trip.Finding][2]int64 {
	sums := map[trip.Finding][2]int64{}
	for _, f := range findings {
		if key := (trip.Finding{Month: f.Month, Rule: f.Rule}); slices.Contains(rules, ID(f.Rule)) {
			sums[key] = [2]int64{sums[key][0] + f.Rows, sums[key][1] + f.Sum}
		}
	}
	return sums
}

// TestWantedColumnsAreAsUnderAllRules judges batches that have only the wanted columns and those that their rules look at, for each
// subset of the columns that rules are about. A column that no rule is about is there all the time.
func TestWantedColumnsAreAsUnderAllRules(t *testing.T) {
	withRule(t, Rule{
		Name: "tip_of_nothing", Scope: Row, Reason: "none", Source: "this test", Looks: []trip.Field{trip.Tip, trip.Fare},
		Check: Check{Refuses: func(b *trip.Batch, row int, _ int64) bool {
			return b.Columns[trip.Tip].Values[row] > 0 && b.Columns[trip.Fare].IsNull(row)
		}},
	})
	rng := rand.New(rand.NewPCG(1, 7))
	about := []trip.Field{trip.Dropoff, trip.PickupZone, trip.DropoffZone, trip.Passengers, trip.Distance, trip.Amount, trip.Tip, trip.Duration}
	refused, changed := 0, 0
	for range 30 {
		in := oddBatch(rng)
		full := judged(t, Config{AsOf: element.NoMonth}, in)
		for subset := range 1 << len(about) {
			wanted := []trip.Field{trip.Pickup}
			for i, f := range about {
				if subset>>i&1 == 1 {
					wanted = append(wanted, f)
				}
			}
			applied, looks := For(wanted)
			cfg := Config{AsOf: element.NoMonth, Wanted: wanted}
			out := judged(t, cfg, pruned(in, append(slices.Clone(wanted), looks...)))
			for _, f := range wanted {
				if got, want := out.Columns[f], full.Columns[f]; !reflect.DeepEqual(got.Values, want.Values) || got.Nulls != want.Nulls || !reflect.DeepEqual(got.Valid, want.Valid) {
					t.Fatalf("wanted %v: found %v of %s, expected %v", wanted, got, trip.Fields[f].Name, want)
				}
				if full.Columns[f].Nulls != in.Columns[f].Nulls {
					changed++
				}
			}
			if !reflect.DeepEqual(out.Months, full.Months) {
				t.Fatalf("wanted %v: found months %v, expected %v", wanted, out.Months, full.Months)
			}
			for _, run := range out.Months {
				if run.Refused {
					refused++
				}
			}
			// The rule not_a_number counts values of all wanted columns, so fewer of fewer columns.
			rules := slices.DeleteFunc(slices.Clone(applied), func(id ID) bool { return id == Named("not_a_number") })
			for _, f := range out.Findings {
				if !slices.Contains(applied, ID(f.Rule)) {
					t.Fatalf("wanted %v: %s fired, expected it not to be applied", wanted, Rules[f.Rule].Name)
				}
			}
			if got, want := totals(out.Findings, rules), totals(full.Findings, rules); !maps.Equal(got, want) {
				t.Fatalf("wanted %v: found %v, expected %v", wanted, got, want)
			}
		}
	}
	if refused == 0 || changed == 0 {
		t.Errorf("%d runs are refused, %d columns changed: nothing was tested", refused, changed)
	}
}

func TestRulesFollowFromTheWantedColumns(t *testing.T) {
	rows := "malformed pickup_not_a_time pickup_missing pickup_adjacent_month pickup_stray"
	for _, c := range []struct {
		wanted []trip.Field
		rules  string // beside the row rules
		looks  []trip.Field
	}{
		{[]trip.Field{}, "", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.PickupHour, trip.PaymentType}, "", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.RecordedAmount, trip.RawDuration}, "", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.Duration}, " not_a_time dropoff_missing dropoff_before_pickup duration_zero duration_over clock_change", []trip.Field{trip.Pickup, trip.Dropoff}},
		{[]trip.Field{trip.Pickup, trip.Dropoff}, " not_a_time dropoff_missing", nil},
		{[]trip.Field{trip.Amount}, " amount_negative amount_over not_a_number", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.Fare}, " not_a_number", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.Passengers}, " passengers_zero passengers_over not_a_number", []trip.Field{trip.Pickup}},
		{[]trip.Field{trip.DropoffZone}, " not_a_number zone_missing dropoff_zone_missing dropoff_zone_unknown", []trip.Field{trip.Pickup}},
	} {
		rules, looks := For(c.wanted)
		var names []string
		for _, id := range rules {
			names = append(names, Rules[id].Name)
		}
		if got := strings.Join(names, " "); got != rows+c.rules || !slices.Equal(looks, c.looks) {
			t.Errorf("%v: found %s, which look at %v, expected %s, %v", c.wanted, got, looks, rows+c.rules, c.looks)
		}
	}
	var all []ID
	for id := range Rules {
		all = append(all, ID(id))
	}
	if rules, looks := For(Needs()); !slices.Equal(rules, all) || len(looks) > 0 {
		t.Errorf("all columns: found rules %v, which also look at %v, expected all and no column", rules, looks)
	}
}

// TestTheRecordedAmountStaysWhereARuleLeavesItOut because the judge writes to copies.
func TestTheRecordedAmountStaysWhereARuleLeavesItOut(t *testing.T) {
	refund := good()
	refund.amount = -12
	in := batchOf(march2020, good(), refund)
	in.Columns[trip.RecordedAmount] = in.Columns[trip.Amount]
	for name, wanted := range map[string][]trip.Field{"all rules": nil, "some": {trip.Amount, trip.RecordedAmount}} {
		out := judged(t, Config{AsOf: element.NoMonth, Wanted: wanted}, in)
		recorded := out.Columns[trip.RecordedAmount]
		if !out.Columns[trip.Amount].IsNull(1) || recorded.IsNull(1) || recorded.Values[1] != -12*trip.Unit {
			t.Errorf("%s: found amounts %v, recorded %v, expected the refund in the recorded ones alone", name, out.Columns[trip.Amount], recorded)
		}
	}
}

// TestABatchWithoutANeededColumnIsAFaultOfOurs and no panic.
func TestABatchWithoutANeededColumnIsAFaultOfOurs(t *testing.T) {
	in := batchOf(march2020, good())
	for _, c := range []struct{ wanted, has []trip.Field }{
		{nil, []trip.Field{trip.Pickup, trip.Dropoff}},
		{[]trip.Field{trip.Duration}, []trip.Field{trip.Pickup, trip.Duration}},
		{[]trip.Field{trip.PickupZone}, []trip.Field{trip.Pickup}},
	} {
		fn := &judgeFn{Config: Config{AsOf: element.NoMonth, Wanted: c.wanted}}
		if err := fn.Setup(); err != nil {
			t.Fatal(err)
		}
		err := fn.ProcessElement(listOf(pruned(in, c.has)), func(trip.Batches) {})
		if f := fault.Find(err); f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, "found a batch without") {
			t.Errorf("wanted %v of %v: found %v, expected a fault", c.wanted, c.has, err)
		}
	}
}
