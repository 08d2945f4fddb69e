package quality

import (
	"testing"

	"tripstats/transforms/trip"
)

// TestNoRuleIsAboutWhatATripMayLack has a trip without dropoff time and zones. They are null because TLC did not ask for them.
func TestNoRuleIsAboutWhatATripMayLack(t *testing.T) {
	for _, noZones := range []bool{false, true} {
		for _, lacks := range []bool{false, true} {
			r := good()
			r.dropoff = null
			b := batchOf(march2020, r, good())
			b.Columns[trip.PickupZone], b.Columns[trip.DropoffZone] = column(null, null), column(null, 7)
			if b.NoZones = noZones; lacks {
				b.MayLack = 1<<trip.Dropoff | 1<<trip.PickupZone | 1<<trip.DropoffZone
			}
			out := judged(t, Config{}, b)
			if broken := len(out.Findings) > 0; broken == lacks {
				t.Errorf("no zones %v, may lack %v: found %v", noZones, lacks, out.Findings)
			}
			if zones := out.Columns[trip.PickupZone]; zones.Nulls != 0 || zones.Values[0] != UnknownZone {
				t.Errorf("no zones %v, may lack %v: found zones %v, expected %d", noZones, lacks, zones, UnknownZone)
			}
			if !out.Columns[trip.Duration].IsNull(0) || out.Columns[trip.Duration].IsNull(1) {
				t.Errorf("no zones %v, may lack %v: found durations %v", noZones, lacks, out.Columns[trip.Duration])
			}
		}
	}
}
