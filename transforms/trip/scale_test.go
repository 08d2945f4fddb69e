package trip

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// TestNumbersAreScaledExactly compares scaled with arithmetic of unlimited size.
func TestNumbersAreScaledExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	scales := []element.Scale{{Times: 1_000_000, Over: 1_609_344}, {Times: 1_000, Over: 1_609_344}, {Times: 1, Over: 5280}, {Times: 1, Over: 100}, {Times: 1, Over: 1000}, {Times: 60, Over: 1}, {Times: 3600, Over: 1}, {Times: 1, Over: 3}}
	for range 20_000 {
		v := int64(random.Uint64() >> random.IntN(64))
		if random.IntN(2) == 0 {
			v = -v
		}
		scale := scales[random.IntN(len(scales))]
		// Rounded half away from zero: floor(|v| * times / over + 1/2), with the sign.
		n := new(big.Int).Abs(big.NewInt(v))
		n.Mul(n, big.NewInt(2*scale.Times)).Add(n, big.NewInt(scale.Over)).Quo(n, big.NewInt(2*scale.Over))
		got, ok := scaled(v, scale)
		if ok != n.IsInt64() || ok && got != n.Int64()*int64(sign(v)) {
			t.Fatalf("%d by %v: found %d, %v, expected %v", v, scale, got, ok, n)
		}
	}
	if got, ok := scaled(math.MinInt64, element.Scale{Times: 1, Over: 100}); !ok || got != -92233720368547758 {
		t.Errorf("found %d, %v", got, ok)
	}
}

func sign(v int64) int {
	if v < 0 {
		return -1
	}
	return 1
}

// elsewhere is a dataset in kilometres, cents and minutes, with two columns that are added up.
var elsewhere = element.Dataset{
	Name: "there", Taxi: "there", Declared: true, Local: &element.Local{TimeZone: "Europe/Berlin", Stored: element.StoredUTC},
	Signatures: [][]string{{"start", "minutes"}},
	Columns: []element.Known{
		{Name: "start", Meaning: Pickup.Meaning()},
		{Name: "minutes", Meaning: Dropoff.Meaning(), SincePickup: true, Scale: element.Scale{Times: 60, Over: 1}},
		{Name: "km", Meaning: Distance.Meaning(), Scale: element.Scale{Times: 1_000_000, Over: 1_609_344}},
		{Name: "fare", Meaning: Amount.Meaning()},
		{Name: "cents", Meaning: Amount.Meaning(), Scale: element.Scale{Times: 1, Over: 100}},
		{Name: "cents", Meaning: Tip.Meaning(), Scale: element.Scale{Times: 1, Over: 100}},
	},
}

func TestADeclaredDatasetIsReadInItsUnits(t *testing.T) {
	opts := with(Options{})
	opts.Registry = append([]element.Dataset{elsewhere}, testRegistry...)
	in := columnsOf(t, "there",
		col{"start", element.TimestampMicros, []string{"2020-03-01 10:00:00", "2020-07-01 10:00:00", ""}},
		col{"minutes", element.Float64, []string{"10", "", "5"}},
		col{"km", element.Float64, []string{"1.609344", "-3.218688", ""}},
		col{"fare", element.Float64, []string{"10", "", ""}},
		col{"cents", element.Int64, []string{"250", "5", ""}},
	)
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	rowsOf(b, func(row string) { rows = append(rows, row) })
	want := strings.Join([]string{
		fmt.Sprint("there ", tenOClock+int64(3600e6), " ", tenOClock+int64(4200e6), " - - - 1000000 12500000 2500000"), // Berlin is an hour ahead
		fmt.Sprint("there ", tenOClock+(122*24+2)*int64(3600e6), " - - - - -2000000 50000 50000"),                      // two hours in summer
		"there - - - - - - - -",
	}, "\n")
	if got := strings.Join(rows, "\n"); got != want {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
}

func TestASpanThatIsTooLongIsNoNumber(t *testing.T) {
	opts := with(Options{Judged: true})
	opts.Registry = []element.Dataset{elsewhere}
	in := columnsOf(t, "there", col{"start", element.TimestampMicros, []string{"2020-03-01 10:00:00", "2020-03-01 10:00:00"}}, col{"minutes", element.Float64, []string{"8e12", "1"}})
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err != nil || !b.Columns[Dropoff].IsNull(0) || b.Columns[Dropoff].IsNull(1) {
		t.Errorf("found %+v, %v, expected a null for a time beyond 64 bits", b.Columns[Dropoff], err)
	}
	opts.Judged = false
	_, err = (&fieldsFn{Options: opts}).batch(in)
	if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.Contains(f.Message, "found 8e+12") {
		t.Errorf("found %v, expected an error where nobody judges it", err)
	}
}

// TestADeclaredDatasetGoesFirst checks that a file with the signature of a declared dataset belongs to it, even if it has other
// signatures. The column of a time may have numbers if they are spans.
func TestADeclaredDatasetGoesFirst(t *testing.T) {
	own := elsewhere
	own.Signatures = [][]string{{"tpep_pickup_datetime", "minutes"}}
	own.Columns = append([]element.Known{{Name: "tpep_pickup_datetime", Meaning: Pickup.Meaning()}}, elsewhere.Columns[1:]...)
	opts := with(Options{Telling: testTelling})
	opts.Registry = append([]element.Dataset{own}, testRegistry...)
	f, err := Recognise(fileWith(map[string]element.ValueType{"minutes": element.Int64, "cents": element.Int64, "fare": element.Int64, "color": element.Int64, "lpep_pickup_datetime": element.Int64}), opts)
	if err != nil || f.Variant != "there" || f.TaxiColumn != "" {
		t.Errorf("found %q with the column %q, %v, expected the declared dataset", f.Variant, f.TaxiColumn, err)
	}
	names := ""
	for _, i := range f.Projection {
		names += " " + f.Columns[i].Name
	}
	if strings.Count(names, "cents") != 1 {
		t.Errorf("found the projection%s, expected each column once", names)
	}
	if f, err = Recognise(fileWith(nil), opts); err != nil || f.Variant != "yellow" {
		t.Errorf("found %q, %v, expected yellow where the signature is not there", f.Variant, err)
	}
	_, err = Recognise(fileWith(map[string]element.ValueType{"minutes": element.TimestampMicros}), opts)
	if f := fault.Find(err); f == nil || !strings.Contains(f.Message, `column "minutes": found TYPE, expected a number`) {
		t.Errorf("found %v, expected an error about a time where a span is declared", err)
	}
	opts.Registry[0].Local = &element.Local{}
	_, err = Recognise(fileWith(map[string]element.ValueType{"minutes": element.Int64, "tpep_pickup_datetime": element.TimestampMicrosUTC}), opts)
	if f := fault.Find(err); f == nil || !strings.Contains(f.Message, "{stored: wall} or {stored: utc}") {
		t.Errorf("found %v, expected an error that says what to declare", err)
	}
}
