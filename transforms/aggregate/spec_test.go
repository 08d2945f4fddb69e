package aggregate

import (
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// exampleTable is a table with two keys, which the documents show. The program's own tables have one key at most.
var exampleTable = &Spec{
	Name: "by_hour_and_payment", Step: "by_hour_and_payment",
	By: []Key{{Name: "pickup_hour", Of: trip.PickupHour}, {Name: "payment_type", Of: trip.PaymentType}},
	Values: []Value{
		{Name: "trips", Func: Rows},
		{Name: "avg_minutes", Func: Mean, Of: trip.Duration},
		{Name: "tips", Func: Total, Of: trip.Tip},
		{Name: "tipped", Func: Counted, Of: trip.Tip},
	},
}

func TestATableOfSeveralKeysIsOneEntry(t *testing.T) {
	b := tripsOf("a", march, c64(60_000_000, 120_000_000, null, 60_000_000, 30_000_000), c64(1, 1, 1, 1, 1), c64(1, 1, 1, 1, 1))
	b.Columns[trip.PickupHour] = c64(9, 9, 23, 9, 0)
	b.Columns[trip.PaymentType] = c64(1, 1, null, null, 2)
	b.Columns[trip.Tip] = c64(500_000, null, 250_000, 100_000, 0)
	b.Months = []trip.MonthRun{{Month: march, End: 2}, {Month: march, End: 3}, {Month: april, End: 4, Refused: true}, {Month: april, End: 5}}
	g := newSourceSums(&b, newAdders([]*Spec{exampleTable}))
	g.addBatch(&b)
	g.addBatch(&b)
	got, err := g.result(false)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 10 || got.Counted != 8 {
		t.Errorf("%d rows, %d counted, expected 10 and 8", got.Rows, got.Counted)
	}
	rows := rowsOf(t, exampleTable, got)
	want := `by_hour_and_payment
green 2020 2020-03-01 9 1 4 1.5 1 2
green 2020 2020-03-01 23 - 2 - 0.5 2
green 2020 2020-04-01 0 2 2 0.5 0 2
`
	if rows != want {
		t.Errorf("found %s, expected %s", rows, want)
	}
	needs := exampleTable.Needs()
	if want := []trip.Field{trip.Pickup, trip.Tip, trip.PaymentType, trip.Duration, trip.PickupHour}; !reflect.DeepEqual(needs, want) {
		t.Errorf("needs %v, expected %v", needs, want)
	}
}

// specOf returns the table of a name.
func specOf(name string, judged bool) *Spec {
	tables := Tables(judged)
	return tables[slices.IndexFunc(tables, func(t *Spec) bool { return t.Name == name })]
}

// rowsOf returns the table of one source as text.
func rowsOf(t *testing.T, spec *Spec, s Source) string {
	t.Helper()
	rows := newRowBuilder(spec, Zones{})
	for _, g := range stateOf(t, s, spec.Name).Groups {
		rows.add(s.Taxi, &g)
	}
	return text(element.Table{Name: spec.Name, Record: rows.b.NewRecordBatch()})
}

func TestEveryTableIsDeclaredWhole(t *testing.T) {
	for _, judged := range []bool{false, true} {
		names := map[string]bool{}
		for _, spec := range Tables(judged) {
			if spec.Name == "" || spec.Step == "" || names[spec.Name] || len(spec.Balance()) == 0 {
				t.Errorf("%+v: expected a name of its own, a step, and a column that counts trips", spec)
			}
			names[spec.Name] = true
			if len(spec.By) > mostKeys {
				t.Errorf("%s has %d keys, at most %d are possible", spec.Name, len(spec.By), mostKeys)
			}
			columns := map[string]bool{}
			for _, f := range spec.Schema().Fields() {
				if columns[f.Name] {
					t.Errorf("%s has two columns %s", spec.Name, f.Name)
				}
				columns[f.Name] = true
			}
			for _, k := range spec.By {
				if k.both() && (len(spec.By) > 1 || len(spec.sums()) > 0) {
					t.Errorf("%s: a table by two columns' values has that key alone, and counts", spec.Name)
				}
				if typ := trip.Fields[k.Of].Type; typ == trip.Measure || typ == trip.Span || typ == trip.Time {
					t.Errorf("%s: %s is no key", spec.Name, trip.Fields[k.Of].Name)
				}
			}
			for _, v := range spec.sums() {
				if typ := trip.Fields[v.of].Type; typ != trip.Measure && typ != trip.Span {
					t.Errorf("%s: %s is not summed", spec.Name, trip.Fields[v.of].Name)
				}
				if v.rule != "" && (!quality.Rules[v.ruleOf()].Sums || len(spec.By) > 0) {
					t.Errorf("%s: of rule %s there are no sums by these keys", spec.Name, v.rule)
				}
			}
		}
	}
}

func TestRefundsAreTheSumsOfTheirRule(t *testing.T) {
	b := tripsOf("a", march, c64(60_000_000), c64(1), c64(1))
	b.Findings = []trip.Finding{
		{Month: march, Rule: int32(quality.Named("amount_negative")), Rows: 2, Sum: -7_500_000},
		{Month: march, Rule: int32(quality.Named("amount_negative")), Rows: 1, Sum: -500_000},
		{Month: march, Rule: int32(quality.Named("tip_negative")), Rows: 9, Sum: 0},
	}
	spec := specOf("trip_stats", true)
	g := newSourceSums(&b, newAdders([]*Spec{spec}))
	g.addBatch(&b)
	r, err := g.result(false)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(rowsOf(t, spec, r)); !strings.HasSuffix(got, " 3 -8") {
		t.Errorf("found %s, expected 3 refunds of -8 dollars", got)
	}
}

var someState = State{Filtered: 3, Groups: []Group{
	{Month: march, Keys: []int64{-3, 0}, Nulls: 2, Rows: 5, Or: 1, Sums: []Sum{{Count: 4, Hi: -1, Lo: 1<<64 - 300}}},
	{Month: march, Keys: []int64{7, 9}, Rows: 2, Sums: []Sum{{Count: 2, Lo: 77}}},
	{Month: element.NoMonth, Keys: []int64{0, 0}, Nulls: 3, Rows: 1, Sums: []Sum{{}}},
}}

// TestTheBinaryFormOfAStateIsThisVersions protects stored states: a change of the form requires another stateVersion and then a new
// golden.
func TestTheBinaryFormOfAStateIsThisVersions(t *testing.T) {
	b, err := someState.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "02" + "06" + "030201" + // version 2: three trips filtered, three groups of two keys and one sum
		"b409" + "02" + "0500" + "0a02" + "0801d4feffffffffffff" +
		"b409" + "00" + "0e12" + "0400" + "04004d00000000000000" +
		"ffffffff0f" + "03" + "0000" + "0200" + "00000000000000000000"
	if got := hex.EncodeToString(b); got != golden {
		t.Errorf("found %s, expected %s", got, golden)
	}
	var back State
	if err := back.UnmarshalBinary(b); err != nil || !reflect.DeepEqual(back, someState) {
		t.Errorf("found %v, %v, expected %v", back, err, someState)
	}
}

func TestAStateThatIsDamagedIsAnError(t *testing.T) {
	good, err := someState.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":          {nil, "found nothing, expected version 2"},
		"a later version":  {append([]byte{9}, good[1:]...), "found version 9, expected version 2"},
		"cut":              {good[:len(good)-1], "ends too early"},
		"more":             {append(good[:len(good):len(good)], 0), "does not end where it should"},
		"too many groups":  {[]byte{2, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0}, "does not end where it should"},
		"groups that fall": {append(append([]byte{2, 0, 2, 0, 0}, 4, 0, 2, 0), 2, 0, 2, 0), "do not ascend"},
	} {
		if err := new(State).UnmarshalBinary(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %s", name, err, c.want)
		}
	}
}

// FuzzState decodes any bytes. The result must be an error, or a state that is encoded to the same bytes.
func FuzzState(f *testing.F) {
	b, err := someState.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again State
		if s.UnmarshalBinary(b) != nil {
			return
		}
		coded, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(coded); err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("found %v, %v, expected %v", again, err, s)
		}
	})
}

// TestStatesTravelBetweenWorkers encodes and decodes every accumulator, like a runner with workers.
func TestStatesTravelBetweenWorkers(t *testing.T) {
	in := Source{Source: "x", Taxi: "green", Rows: 8, Counted: 7, States: []TableState{{Table: "t", State: []byte{1, 2}}, {Table: "u", State: []byte{3}}}, RawDuration: Sum{1, 2, 3}}
	b, err := encodeSource(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeSource(b)
	if err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("found %+v, %v, expected %+v", out, err, in)
	}
	p, s := beam.NewPipelineWithRoot()
	passert.Equals(s, beam.CreateList(s, []State{someState}), someState)
	ptest.RunAndValidate(t, p)
}
