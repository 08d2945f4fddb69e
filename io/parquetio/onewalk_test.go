package parquetio

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"tripstats/testdata/tlcgen"
)

// footerBytes returns the footer of a generated file.
func footerBytes(tb testing.TB, o tlcgen.Options) (footer []byte, size int64) {
	tb.Helper()
	var data bytes.Buffer
	if _, err := tlcgen.Write(tb.Context(), &data, o); err != nil {
		tb.Fatal(err)
	}
	r := bytes.NewReader(data.Bytes())
	if err := withFooter(r, r.Size(), func(raw []byte) error { footer = bytes.Clone(raw); return nil }); err != nil {
		tb.Fatal(err)
	}
	return footer, r.Size()
}

// TestOneWalkRefusesWhatTheCheckOfTheWholeFooterRefuses cuts footers off and changes each byte of them. outlineOf reads a footer in one walk. It must
// refuse every footer that checkFooter refuses, with the same error. It reads each footer twice, because the schema may then be known.
func TestOneWalkRefusesWhatTheCheckOfTheWholeFooterRefuses(t *testing.T) {
	for _, groups := range []int{1, 2} {
		raw, _ := footerBytes(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 20, RowGroups: groups})
		judge := func(raw []byte, what string) {
			want := checkFooter(raw)
			for range 2 {
				if _, err := outlineOf(raw); want != nil && (err == nil || err.Error() != want.Error()) {
					t.Fatalf("%d row groups, %s: found %v, expected %v", groups, what, err, want)
				}
			}
		}
		judge(raw, "undamaged")
		for n := range raw {
			judge(raw[:n], fmt.Sprintf("cut to %d bytes", n))
		}
		damaged := bytes.Clone(raw)
		for i := range raw {
			damaged[i] = raw[i] ^ []byte{0x01, 0x08, 0x10, 0x80, 0xff}[i%5]
			judge(damaged, fmt.Sprintf("byte %d is %#x", i, damaged[i]))
			damaged[i] = raw[i]
		}
	}
}

// TestRowGroupsAreReadAgainAsTheFirstTime reads the row groups of an outline twice. If a footer has only one row group, the first reading takes it from
// the walk over the footer. Its memory is then given to other footers, and the second reading must read the footer again.
func TestRowGroupsAreReadAgainAsTheFirstTime(t *testing.T) {
	for _, groups := range []int{1, 2} {
		raw, _ := footerBytes(t, tlcgen.Options{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 20, RowGroups: groups})
		o, err := outlineOf(raw)
		if err != nil {
			t.Fatal(err)
		}
		read := func() (text []string) {
			if err := o.eachGroup(func(i int, g rowGroup) error {
				text = append(text, fmt.Sprint(i, g))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return text
		}
		first := read()
		other, err := outlineOf(raw) // takes the memory
		if err != nil {
			t.Fatal(err)
		}
		if again := read(); len(first) != groups || !slices.Equal(first, again) {
			t.Errorf("found %v, then %v", first, again)
		}
		other.dropOnly()
	}
}
