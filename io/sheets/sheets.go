// Package sheets writes tables as a workbook of spreadsheets, in the form XLSX. It knows neither Beam nor Arrow.
//
// A cell is a value of Go: nil for none, a string, bool, int64, float64, or [Date]. A spreadsheet counts with binary numbers of 15 digits
// and drops what they cannot hold without a word. So callers pass decimals as texts, and an integer of more than 15 digits is written as a
// text too.
//
// What was compared, for writing only: github.com/xuri/excelize/v2 is kept well (releases every few months, the last in November 2026) and
// streams rows; it adds 2 MB to the program, 3 ms to its start, and holds the packed workbook in memory when it writes it, which is known and open there.
// github.com/tealeg/xlsx/v3 is no longer developed (last release in April 2025). github.com/zignd/xlsx is younger than this package.
// github.com/alicebob/streamxlsx, the smallest, has had no release since 2021.
package sheets

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// MostRows is how many rows a sheet holds below its headings.
const MostRows = excelize.TotalRows - 1

// Sheet is a table.
type Sheet struct {
	Name    string
	Columns []string // the headings
	Rows    iter.Seq[[]any]
}

// Date is a day, in days since 1970-01-01.
type Date int32

// Write writes a workbook with a sheet for each table, in their order.
func Write(w io.Writer, tables []Sheet) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	iso := "yyyy-mm-dd"
	day, err := f.NewStyle(&excelize.Style{CustomNumFmt: &iso})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	first, taken := f.GetSheetName(0), map[string]bool{}
	for i, t := range tables {
		name := nameOf(t.Name, taken)
		if i == 0 {
			err = f.SetSheetName(first, name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = writeSheet(f, name, t, bold, day)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return f.Write(w)
}

// writeSheet writes a table. Its headings stay in sight.
func writeSheet(f *excelize.File, name string, t Sheet, bold, day int) error {
	s, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	headings := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		headings[i] = excelize.Cell{StyleID: bold, Value: c}
	}
	if err := s.SetRow("A1", headings); err != nil {
		return err
	}
	row := 1
	for values := range t.Rows {
		if row++; row > excelize.TotalRows {
			return fmt.Errorf("found more than %d rows, which a sheet does not hold", MostRows)
		}
		cells := make([]any, len(values))
		for i, v := range values {
			if cells[i], err = cellOf(v, day); err != nil {
				return fmt.Errorf("row %d: column %s: %w", row-1, t.Columns[i], err)
			}
		}
		if err := s.SetRow("A"+strconv.Itoa(row), cells); err != nil {
			return err
		}
	}
	return s.Flush()
}

// mostDigits is the first integer that a spreadsheet may change.
const mostDigits = 1_000_000_000_000_000

// firstDay is the first day that all spreadsheets count alike.
var firstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// cellOf is a value as the library takes it.
func cellOf(v any, day int) (any, error) {
	switch v := v.(type) {
	case int64:
		if v <= -mostDigits || v >= mostDigits {
			return strconv.FormatInt(v, 10), nil
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
	case Date:
		at := time.Unix(int64(v)*86400, 0).UTC()
		if at.Before(firstDay) || at.Year() > 9999 {
			return at.Format(time.DateOnly), nil
		}
		return excelize.Cell{StyleID: day, Value: at}, nil
	case string:
		if n := len(utf16.Encode([]rune(v))); n > excelize.TotalCellChars {
			return nil, fmt.Errorf("found a text of %d characters, expected at most %d", n, excelize.TotalCellChars)
		}
	}
	return v, nil
}

// nameOf is a name of a sheet: at most 31 letters, and no two alike.
func nameOf(table string, taken map[string]bool) string {
	name := table[:min(len(table), excelize.MaxSheetNameLength)]
	for n := 2; taken[name]; n++ {
		end := "_" + strconv.Itoa(n)
		name = table[:min(len(table), excelize.MaxSheetNameLength-len(end))] + end
	}
	taken[name] = true
	return name
}
