package quality

import (
	"fmt"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// counted lists the rules that fired and their rows.
func counted(b trip.Batch) string {
	var parts []string
	counts := map[int32]int64{}
	for _, f := range b.Findings {
		counts[f.Rule] += f.Rows
	}
	for id, r := range Rules {
		if n := counts[int32(id)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", r.Name, n))
		}
	}
	return strings.Join(parts, ", ")
}

// TestAPickupThatIsNoTimeIsRefusedApartFromOneThatIsMissing has such rows in one run, in any order, and between rows that count.
func TestAPickupThatIsNoTimeIsRefusedApartFromOneThatIsMissing(t *testing.T) {
	none := good()
	none.pickup = null
	for _, file := range []int32{march2020, element.NoMonth} {
		in := batchOf(march2020, none, none, good(), none, none, none, good(), none)
		in.FileMonth, in.NotPickups = file, []int32{1, 3, 5, 7}
		out := judged(t, Config{AsOf: element.NoMonth}, in)
		if got := counted(out); got != "pickup_not_a_time 4, pickup_missing 2" {
			t.Errorf("found %s, expected four rows that are no time and two that are missing", got)
		}
		for _, f := range out.Findings {
			if f.Month != file {
				t.Errorf("a finding is in month %d, expected the file's, %d", f.Month, file)
			}
		}
		counts := ""
		at := 0
		for _, run := range out.Months {
			for ; at < run.End; at++ {
				counts += map[bool]string{true: "-", false: "+"}[run.Refused]
			}
		}
		if counts != "--+---+-" {
			t.Errorf("found rows %s, expected --+---+-", counts)
		}
	}
}

// TestADropoffThatIsNoTimeIsNotMissingToo: the ledger tells what is wrong with a value once.
func TestADropoffThatIsNoTimeIsNotMissingToo(t *testing.T) {
	none := good()
	none.dropoff = null
	refused := none
	refused.pickup = null
	in := batchOf(march2020, none, good(), none, none, refused)
	in.NotDropoffs = []int32{0, 3, 4}
	if got := counted(judged(t, Config{AsOf: element.NoMonth}, in)); got != "pickup_missing 1, not_a_time 2, dropoff_missing 1" {
		t.Errorf("found %s, expected two dropoffs that are no time and one that is missing", got)
	}
}

// TestAnyTimeThatIsNoTimeBreaksTheRuleOfTimes: a request that is text and not a time has to do with times, not with numbers.
func TestAnyTimeThatIsNoTimeBreaksTheRuleOfTimes(t *testing.T) {
	in := batchOf(march2020, good(), good(), good())
	in.NotTimes = []int32{0, 2}
	for name, wanted := range map[string][]trip.Field{"all rules": nil, "the request": {trip.Pickup, trip.Requested}, "the wait": {trip.Pickup, trip.Wait}} {
		b := in
		for _, f := range wanted {
			b.Columns[f] = b.Columns[trip.Pickup]
		}
		if got := counted(judged(t, Config{AsOf: element.NoMonth, Wanted: wanted}, b)); got != "not_a_time 2" {
			t.Errorf("%s: found %s, expected two times that are none", name, got)
		}
	}
}

// TestAZoneThatIsNoNumberCountsAsUnknown: its place in the tables is that of a null zone.
func TestAZoneThatIsNoNumberCountsAsUnknown(t *testing.T) {
	in := batchOf(march2020, good(), good())
	in.Columns[trip.PickupZone], in.NotNumbers = column(null, 7), []int32{0}
	out := judged(t, Config{AsOf: element.NoMonth}, in)
	if got := counted(out); got != "not_a_number 1, pickup_zone_missing 1" || out.Columns[trip.PickupZone].Values[0] != UnknownZone {
		t.Errorf("found %s and zones %v, expected both rules and zone %d", got, out.Columns[trip.PickupZone].Values, UnknownZone)
	}
}

func TestRowsThatAreMarkedAreKeptWithTheirRule(t *testing.T) {
	none := good()
	none.pickup = null
	in := batchOf(march2020, none, good(), none)
	in.NotPickups = []int32{2}
	fn := &judgeFn{Config: Config{AsOf: element.NoMonth, Keep: KeepRows}}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	if err := fn.judge(&in); err != nil {
		t.Fatal(err)
	}
	want := []reject{{0, Named("pickup_missing")}, {2, Named("pickup_not_a_time")}}
	if fmt.Sprint(fn.rejects) != fmt.Sprint(want) {
		t.Errorf("found %v, expected %v", fn.rejects, want)
	}
}
