package quality

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

func init() {
	register.Function1x1(textOf)
	register.Function1x1(leftBy)
}

// TestRejectsAreTheRowsThatFindingsCount has a batch in which every rule applies, and compares, for each rule, the rejected rows with
// the number that was counted. Zone rules are counted elsewhere.
func TestRejectsAreTheRowsThatFindingsCount(t *testing.T) {
	rows := []row{good(), good(), good(), good(), good(), good(), good(), good()}
	rows[0].pickup = null
	rows[1].pickup = at("2020-02-29 23:59:59")
	rows[2].pickup = at("2008-01-01 00:00:00")
	rows[3].dropoff, rows[3].distance, rows[3].tip = null, -1, -2
	rows[4].dropoff, rows[4].amount = at("2020-03-15 09:00:00"), -3
	rows[5].dropoff, rows[5].passengers, rows[5].amount = at("2020-03-17 09:00:00"), 0, 6000
	rows[6].pickup, rows[6].dropoff, rows[6].passengers = at("2020-03-08 01:00:00"), at("2020-03-08 03:00:00"), 10
	b := batchOf(march2020, rows...)
	b.RowGroup, b.FileRow, b.NotNumbers = 3, 1000, []int32{3, 6}
	b.Columns[trip.PickupZone].Values = []int64{1, 1, 1, 265, 0, 266, 264, 1}
	b.Columns[trip.DropoffZone] = trip.Column{Values: []int64{1, 1, 1, 0, 1, 1, 1, 1}, Valid: []byte{0xf7}, Nulls: 1}
	b.Origin = array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "VendorID", Type: arrow.PrimitiveTypes.Int64}, {Name: "nothing", Type: arrow.Null}}, nil),
		[]arrow.Array{array.MakeFromData(array.NewData(arrow.PrimitiveTypes.Int64, 8, []*memory.Buffer{nil, memory.NewBufferBytes(arrow.GetBytes([]int64{10, 11, 12, 13, 14, 15, 16, 17}))}, nil, 0, 0)), array.NewNull(8)}, 8)
	for keep, want := range map[Keep]string{
		KeepRows: "1000 pickup_missing 10; 1001 pickup_adjacent_month 11; 1002 pickup_stray 12; ",
		KeepCells: "1000 pickup_missing 10; 1001 pickup_adjacent_month 11; 1002 pickup_stray 12; " +
			"1003 dropoff_missing 13; 1003 distance_negative 13; 1003 tip_negative 13; 1003 not_a_number 13; 1003 dropoff_zone_missing 13; " +
			"1004 dropoff_before_pickup 14; 1004 amount_negative 14; 1004 pickup_zone_unknown 14; " +
			"1005 duration_over 15; 1005 amount_over 15; 1005 passengers_zero 15; 1005 pickup_zone_unknown 15; " +
			"1006 clock_change 16; 1006 passengers_over 16; 1006 not_a_number 16; ",
	} {
		p, s, col := ptest.CreateList([]trip.Batches{listOf(b)})
		trips, rejects := JudgedWithRejects(s, Config{AsOf: element.NoMonth, Keep: keep}, col)
		passert.Equals(s, beam.ParDo(s, textOf, rejects), "x 3 3 "+want)
		passert.Equals(s, beam.ParDo(s, leftBy, trips), leftBy(listOf(judged(t, Config{AsOf: element.NoMonth}, b))))
		ptest.RunAndValidate(t, p)
	}
	b.NoZones = true
	none := trip.Column{Values: make([]int64, 8), Valid: []byte{0}, Nulls: 8}
	b.Columns[trip.PickupZone], b.Columns[trip.DropoffZone] = none, none
	fn := &judgeFn{Config: Config{AsOf: element.NoMonth, Keep: KeepCells}}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	fn.judge(&b)
	missing := 0
	for _, r := range fn.rejects {
		if r.rule == Named("zone_missing") {
			missing++
		} else if r.rule > Named("zone_missing") {
			t.Errorf("row %d of a file without zones: found %s", r.row, Rules[r.rule].Name)
		}
	}
	if missing != 5 {
		t.Errorf("found %d rows without zones, expected the 5 that count", missing)
	}
}

func textOf(r element.Rejects) string {
	text := fmt.Sprintf("%s %d %d ", r.Source, r.RowGroup, r.Refused)
	for i := range int(r.Record.NumRows()) {
		text += fmt.Sprintf("%s %s %s; ", r.Record.Column(1).ValueStr(i), r.Record.Column(2).ValueStr(i), r.Record.Column(3).ValueStr(i))
	}
	return text
}

func leftBy(l trip.Batches) string { return fmt.Sprint(l.List[0].Findings) }
