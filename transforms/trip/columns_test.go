package trip

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

func TestEveryColumnIsDeclaredWhole(t *testing.T) {
	seen := map[string]bool{}
	for f := range NumFields {
		c := Fields[f]
		if c.Name == "" || c.Doc == "" || seen[c.Name] || c.Name != strings.ToLower(c.Name) {
			t.Errorf("column %d: %+v: expected a name of its own in lower case, and what it means", f, c)
		}
		seen[c.Name] = true
		if measured := c.Type == Measure || c.Type == Span; measured != (c.Unit != "") {
			t.Errorf("%s: found the unit %q, expected one for a measure or span alone", c.Name, c.Unit)
		}
		derived := c.Derive != nil || c.Before != nil
		if _, maps := accepted[c.Type]; derived != (len(c.From) > 0) || !derived && !maps || c.Derive != nil && c.Before != nil {
			t.Errorf("%s: derived from %v, types of file columns accepted: %v; expected one of the two", c.Name, c.From, maps)
		}
		if c.Before != nil && (*c.Before >= f || Fields[*c.Before].Type != c.Type) {
			t.Errorf("%s has the values of %s, expected a column of its type before it", c.Name, Fields[*c.Before].Name)
		}
		for _, from := range c.From {
			if len(Fields[from].From) > 0 {
				t.Errorf("%s is derived from %s, expected columns of files", c.Name, Fields[from].Name)
			}
		}
	}
}

// wanting returns options with a registry of one variant, of which columns beside the standing ones are wanted.
func wanting(more []Field, known ...element.Known) Options {
	columns := append(testColumns("tpep"), known...)
	return Options{Registry: []element.Dataset{{Name: "yellow", Taxi: Yellow, Signatures: testSignatures("tpep"), Columns: columns}}, Wanted: append(slices.Clone(Standing), more...)}
}

func values(c Column) []any {
	var out []any
	for i, v := range c.Values {
		if c.IsNull(i) {
			out = append(out, nil)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func TestSeveralColumnsOfAFileAddUp(t *testing.T) {
	opts := wanting([]Field{Fare},
		element.Known{Name: "base", Meaning: Fare.Meaning()}, element.Known{Name: "tolls", Meaning: Fare.Meaning()}, element.Known{Name: "fee", Meaning: Fare.Meaning()})
	in := yellow(t)(4,
		col{"base", element.Float64, []string{"10.10", "5", "", "-1"}},
		col{"tolls", element.Float64, []string{"6.55", "", "", "1e8"}},
		col{"fee", element.Null, []string{"", "", "", ""}})
	for _, judged := range []bool{false, true} {
		opts.Judged = judged
		b, err := (&fieldsFn{Options: opts}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := values(b.Columns[Fare]), []any{int64(16_650_000), int64(5_000_000), nil, int64(99_999_999 * Unit)}; !slices.Equal(got, want) {
			t.Errorf("judged %v: found %v, expected %v", judged, got, want)
		}
	}
}

func TestASumBeyond64BitsIsNoNumber(t *testing.T) {
	opts := wanting([]Field{Fare}, element.Known{Name: "base", Meaning: Fare.Meaning()}, element.Known{Name: "tolls", Meaning: Fare.Meaning()})
	opts.Judged = true
	in := yellow(t)(2, col{"base", element.Float64, []string{"8e12", "NaN"}}, col{"tolls", element.Float64, []string{"8e12", "1"}})
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err != nil || !slices.Equal(b.NotNumbers, []int32{0, 1}) || b.Columns[Fare].Nulls != 2 {
		t.Errorf("found %v, no numbers %v, %v", values(b.Columns[Fare]), b.NotNumbers, err)
	}
}

func TestCodesAreNumbersWhateverFormAFileHasThemIn(t *testing.T) {
	codes := map[string]int64{"CRD": 1, "CSH": 2}
	for _, c := range []struct {
		typ  element.ValueType
		in   []string
		want []any
	}{
		{element.Int64, []string{"1", "", "99"}, []any{int64(1), nil, int64(99)}},
		{element.Int32, []string{"1", "", "-99"}, []any{int64(1), nil, int64(-99)}},
		{element.Float64, []string{"2", "1.5", "NaN"}, []any{int64(2), nil, nil}},
		{element.String, []string{"CRD", "CSH", "???"}, []any{int64(1), int64(2), nil}},
		{element.String, []string{"4", "4.0", ""}, []any{int64(4), int64(4), nil}},
		{element.Null, []string{"", "", ""}, []any{nil, nil, nil}},
	} {
		opts := wanting([]Field{PaymentType}, element.Known{Name: "payment_type", Meaning: PaymentType.Meaning(), Codes: codes})
		in := yellow(t)(3, col{"payment_type", c.typ, c.in})
		for form, in := range forms(t, in) {
			b, err := (&fieldsFn{Options: opts}).batch(in)
			if got := values(b.Columns[PaymentType]); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("type %v as %s: %q: found %v, %v, expected %v", c.typ, form, c.in, got, err, c.want)
			}
		}
	}
}

// TestValuesWithoutANumberAreCounted has the vendor of 2009 that TLC gives no number.
func TestValuesWithoutANumberAreCounted(t *testing.T) {
	opts := wanting([]Field{Vendor, PaymentType}, element.Known{Name: "vendor_name", Meaning: Vendor.Meaning(), Codes: map[string]int64{"CMT": 1}},
		element.Known{Name: "payment_type", Meaning: PaymentType.Meaning()})
	fn := &fieldsFn{Options: opts}
	for _, c := range []struct {
		vendors []string
		want    []NoCode
	}{
		{[]string{"DDS", "CMT", "DDS", ""}, []NoCode{{Vendor, 2}}},
		{[]string{"CMT", "CMT", "", "CMT"}, nil},
	} {
		in := yellow(t)(4, col{"vendor_name", element.String, c.vendors}, col{"payment_type", element.Int64, []string{"1", "2", "", "9"}})
		b, err := fn.batch(in)
		if err != nil || !slices.Equal(b.NoCodes, c.want) {
			t.Errorf("%q: found %v, %v, expected %v", c.vendors, b.NoCodes, err, c.want)
		}
		if out := recoded(t, b); !slices.Equal(out.NoCodes, c.want) {
			t.Errorf("%q: coded: found %v, expected %v", c.vendors, out.NoCodes, c.want)
		}
	}
}

func TestFlagsAreYOrN(t *testing.T) {
	opts := wanting([]Field{StoredAndForwarded}, element.Known{Name: "flag", Meaning: StoredAndForwarded.Meaning()})
	b, err := (&fieldsFn{Options: opts}).batch(yellow(t)(4, col{"flag", element.String, []string{"Y", "N", "", "maybe"}}))
	if got, want := values(b.Columns[StoredAndForwarded]), []any{int64(1), int64(0), nil, nil}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %v, %v, expected %v", got, err, want)
	}
}

func TestAColumnThatNobodyWantsIsNotThere(t *testing.T) {
	known := element.Known{Name: "fare_amount", Meaning: Fare.Meaning()}
	in := yellow(t)(1, col{"fare_amount", element.Float64, []string{"1"}})
	for _, more := range [][]Field{nil, {Fare}} {
		b, err := (&fieldsFn{Options: wanting(more, known)}).batch(in)
		if err != nil {
			t.Fatal(err)
		}
		if there := b.Columns[Fare].Values != nil; there != (more != nil) {
			t.Errorf("wanted %v: it is there: %v", more, there)
		}
		out := recoded(t, b)
		if there := out.Columns[Fare].Values != nil; there != (more != nil) {
			t.Errorf("coded, wanted %v: it is there: %v", more, there)
		}
	}
	f := fileWith(map[string]element.ValueType{"fare_amount": element.Float64})
	for more, want := range map[int]int{0: 4, 1: 5} {
		opts := wanting([]Field{Fare}[:more], known)
		if f, err := Recognise(f, opts); err != nil || len(f.Projection) != want {
			t.Errorf("%d more columns wanted: projection %v, %v", more, f.Projection, err)
		}
	}
}

func TestThePickupHourIsThatOfTheWallClock(t *testing.T) {
	opts := with(Options{Wanted: []Field{PickupHour}})
	in := yellow(t)(4, col{"tpep_pickup_datetime", element.TimestampMicros, []string{"2020-03-01 00:00:00", "2020-03-01 23:59:59", "1969-12-31 22:59:59", ""}})
	b, err := (&fieldsFn{Options: opts}).batch(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&deriveFn{Fields: opts.derived()}).ProcessElement(listOf(b), each(func(out Batch) { b = out })); err != nil {
		t.Fatal(err)
	}
	if got, want := values(b.Columns[PickupHour]), []any{int64(0), int64(23), int64(22), nil}; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}
