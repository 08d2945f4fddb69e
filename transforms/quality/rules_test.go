package quality

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// withRule adds a rule to the table for one test.
func withRule(t *testing.T, r Rule) {
	before := Rules
	Rules = append(slices.Clone(Rules), r)
	t.Cleanup(func() { Rules = before })
}

func TestARowRuleAboutRowsRefusesThemAlone(t *testing.T) {
	withRule(t, Rule{
		Name: "speed_over", Scope: Row, Limit: 100, Unit: 1, In: "mph", Reason: "no taxi drives faster", Source: "this test",
		Looks: []trip.Field{trip.Distance, trip.Duration},
		Check: Check{Refuses: func(b *trip.Batch, row int, limit int64) bool {
			miles, hours := float64(b.Columns[trip.Distance].Values[row])/trip.Unit, float64(b.Columns[trip.Duration].Values[row])/3.6e9
			return hours > 0 && miles/hours > float64(limit)
		}},
	})
	fast, refund := good(), good()
	fast.distance = 17 // in ten minutes
	refund.amount = -5
	stray := good()
	stray.pickup = at("2008-01-01 00:00:00")
	for name, c := range map[string]struct {
		rows   []row
		limits Limits
		want   string
	}{
		"none":          {[]row{good(), good()}, nil, "good 2; "},
		"in between":    {[]row{good(), fast, refund}, nil, "good 1; refused 2; good 3; amount_negative 1; speed_over 1; "},
		"all":           {[]row{fast, fast}, nil, "refused 1; refused 2; speed_over 2; "},
		"first, last":   {[]row{fast, good(), fast}, nil, "refused 1; good 2; refused 3; speed_over 2; "},
		"beside others": {[]row{stray, fast, good(), refund}, nil, "refused 1; refused 2; good 4; amount_negative 1; pickup_stray 1; speed_over 1; "},
		"other limit":   {[]row{good(), fast}, Limits{"speed_over": 102}, "good 2; "},
	} {
		b := judged(t, Config{AsOf: element.NoMonth, Limits: c.limits}, batchOf(march2020, c.rows...))
		text, counts := "", map[string]int64{}
		for i, run := range b.Months {
			switch {
			case run.Refused:
				text += fmt.Sprintf("refused %d; ", run.End)
			case i == len(b.Months)-1 || b.Months[i+1].Refused:
				text += fmt.Sprintf("good %d; ", run.End)
			}
		}
		for _, f := range b.Findings {
			counts[Rules[f.Rule].Name] += f.Rows
		}
		for _, rule := range slices.Sorted(maps.Keys(counts)) {
			text += fmt.Sprintf("%s %d; ", rule, counts[rule])
		}
		if text != c.want {
			t.Errorf("%s: found %s, expected %s", name, text, c.want)
		}
	}
}

func TestEveryRuleIsDeclaredWhole(t *testing.T) {
	seen := map[string]bool{}
	for id, r := range Rules {
		if r.Name == "" || seen[r.Name] || r.Reason == "" || r.Source == "" || (r.Scope != Row && r.Scope != Cell) {
			t.Errorf("rule %d: %+v: expected a name of its own, a reason, a source and a scope of a row or cell", id, r)
		}
		seen[r.Name] = true
		if Named(r.Name) != ID(id) {
			t.Errorf("%s is not found by its name", r.Name)
		}
		rowCheck := r.Marks != nil || r.Month != nil || r.Refuses != nil
		cellCheck := r.Values != nil || r.Finds != nil
		if rowCheck != (r.Scope == Row) || cellCheck != (r.Scope == Cell) {
			t.Errorf("%s: its check is not one of scope %s", r.Name, r.Scope)
		}
		if r.Scope == Cell && len(r.about()) == 0 || r.Scope == Row && len(r.Looks) == 0 && r.Marks == nil {
			t.Errorf("%s: found a rule about no column, expected one at least", r.Name)
		}
		if (r.Limit != 0) != (r.Unit != 0) || (r.Limit != 0) != (r.In != "") {
			t.Errorf("%s: limit %d, unit %d in %q: expected all or none", r.Name, r.Limit, r.Unit, r.In)
		}
		if limit := fmt.Sprint(r.Limit); r.Limit != 0 && strings.Contains(r.Name, limit) {
			t.Errorf("%s has its limit in its name, which another limit makes untrue", r.Name)
		}
	}
	if got, want := Needs(), append(slices.Clone(trip.Standing), trip.Duration); !slices.Equal(got, want) {
		t.Errorf("the rules need columns %v, expected %v", got, want)
	}
}

func TestAnOldNameOfALimitIsToldTheNewOne(t *testing.T) {
	for _, r := range Rules {
		if r.Was == "" {
			continue
		}
		if _, err := ParseLimits(r.Was + "=7"); err == nil || !strings.Contains(err.Error(), r.Was) || !strings.Contains(err.Error(), ", "+r.Name) {
			t.Errorf("%s: found %v, expected %s in it", r.Was, err, r.Name)
		}
	}
}

// TestAZoneThatIsNoneCountsAsUnknown has one trip for each case of pickup and dropoff zone, between good trips.
func TestAZoneThatIsNoneCountsAsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		zone    int64
		noZones bool
		fires   map[string]int64 // for the pickup's end
		left    int64
	}{
		"known":           {zone: 265, left: 265},
		"unknown itself":  {zone: UnknownZone, left: UnknownZone},
		"zero":            {zone: 0, fires: map[string]int64{"pickup_zone_unknown": 1}, left: UnknownZone},
		"beyond the last": {zone: 266, fires: map[string]int64{"pickup_zone_unknown": 1}, left: UnknownZone},
		"negative":        {zone: -5, fires: map[string]int64{"pickup_zone_unknown": 1}, left: UnknownZone},
		"null":            {zone: null, fires: map[string]int64{"pickup_zone_missing": 1}, left: UnknownZone},
		"no zones at all": {noZones: true, fires: map[string]int64{"zone_missing": 3}, left: UnknownZone},
	} {
		in := batchOf(march2020, good(), good(), good())
		if in.Columns[trip.PickupZone] = column(7, c.zone, 7); c.noZones {
			none := column(null, null, null)
			in.NoZones, in.Columns[trip.PickupZone], in.Columns[trip.DropoffZone] = true, none, none
		}
		before := slices.Clone(in.Columns[trip.PickupZone].Values)
		out := judged(t, Config{AsOf: element.NoMonth}, in)
		fired := map[string]int64{}
		for _, f := range out.Findings {
			fired[Rules[f.Rule].Name] += f.Rows
		}
		if zone := out.Columns[trip.PickupZone]; zone.Values[1] != c.left || zone.Nulls != 0 || zone.IsNull(1) || !maps.Equal(fired, c.fires) {
			t.Errorf("%s: found zones %v with %d nulls, fired %v, expected %d, %v", name, zone.Values, zone.Nulls, fired, c.left, c.fires)
		}
		if !slices.Equal(before, in.Columns[trip.PickupZone].Values) {
			t.Errorf("%s: the judge wrote to its input", name)
		}
	}
}
