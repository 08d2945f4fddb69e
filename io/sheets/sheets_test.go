package sheets

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestCellsAreExactOrTexts(t *testing.T) {
	var b bytes.Buffer
	rows := [][]any{
		{"12.500000", int64(7), 0.1, Date(19_753), true, nil},
		{"", int64(999_999_999_999_999), math.NaN(), Date(-25_509), false, " a\tb<&>\n "},
		{"=1+1", int64(1_000_000_000_000_000), 1e300, Date(60), nil, "12"},
	}
	if err := Write(&b, []Sheet{{"t", []string{"d", "i", "f", "day", "b", "s"}, slices.Values(rows)}, {"empty", []string{"x"}, slices.Values([][]any(nil))}}); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if names := f.GetSheetList(); !slices.Equal(names, []string{"t", "empty"}) {
		t.Errorf("found the sheets %q", names)
	}
	for _, c := range []struct {
		at, text string
		typ      excelize.CellType
	}{
		{"A1", "d", excelize.CellTypeInlineString},
		{"A2", "12.500000", excelize.CellTypeInlineString},
		{"B2", "7", excelize.CellTypeNumber},
		{"C2", "0.1", excelize.CellTypeNumber},
		{"D2", "2024-01-31", excelize.CellTypeNumber},
		{"E2", "TRUE", excelize.CellTypeBool},
		{"F2", "", excelize.CellTypeUnset},
		{"B3", "999999999999999", excelize.CellTypeNumber},
		{"C3", "NaN", excelize.CellTypeInlineString},
		{"D3", "1900-02-28", excelize.CellTypeInlineString}, // spreadsheets count days before 1900-03-01 in two ways
		{"F3", " a\tb<&>\n ", excelize.CellTypeInlineString},
		{"A4", "=1+1", excelize.CellTypeInlineString}, // no formula
		{"B4", "1000000000000000", excelize.CellTypeInlineString},
		{"F4", "12", excelize.CellTypeInlineString},
	} {
		text, err := f.GetCellValue("t", c.at)
		typ, err2 := f.GetCellType("t", c.at)
		if typ == excelize.CellTypeUnset && c.typ == excelize.CellTypeNumber {
			typ = excelize.CellTypeNumber // a number need not say that it is one
		}
		if err != nil || err2 != nil || text != c.text || typ != c.typ {
			t.Errorf("%s: found %q of type %d (%v, %v), expected %q of type %d", c.at, text, typ, err, err2, c.text, c.typ)
		}
	}
}

func TestWhatASheetCannotHoldIsRefused(t *testing.T) {
	for want, s := range map[string]Sheet{
		"long: row 1: column s: found a text of 32768 characters, expected at most 32767": {"long", []string{"s"}, slices.Values([][]any{{strings.Repeat("x", 32_768)}})},
		"high: found more than 1048575 rows, which a sheet does not hold": {"high", []string{"n"}, func(yield func([]any) bool) {
			for i := range MostRows + 1 {
				if !yield([]any{int64(i)}) {
					return
				}
			}
		}},
	} {
		if err := Write(new(bytes.Buffer), []Sheet{s}); err == nil || err.Error() != want {
			t.Errorf("found %v, expected %s", err, want)
		}
	}
}

func TestNamesOfSheetsAreShortAndDiffer(t *testing.T) {
	long := strings.Repeat("a", 40)
	taken := map[string]bool{}
	for _, want := range []string{long[:31], long[:29] + "_2", long[:29] + "_3"} {
		if got := nameOf(long, taken); got != want {
			t.Errorf("found %q, expected %q", got, want)
		}
	}
}
