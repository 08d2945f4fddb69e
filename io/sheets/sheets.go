// Package sheets writes tables as a workbook of spreadsheets, in the form XLSX. It knows neither Beam nor Arrow.
//
// A cell is a value of Go: nil for an empty cell, a string, bool, int64, float64, or [Date]. A spreadsheet stores numbers with 15 digits
// and drops further digits silently. So callers pass decimals as texts, and this package writes an integer of more than 15 digits as text.
//
// The package uses github.com/xuri/excelize/v2, because it is maintained and streams rows. It holds the packed workbook in memory until it
// is written. Other packages that were compared: github.com/tealeg/xlsx/v3 and github.com/alicebob/streamxlsx are not maintained, and
// github.com/zignd/xlsx is very new.
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

// writeSheet writes a table. The headings stay visible when a user scrolls.
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
			return fmt.Errorf("found more than %d rows, expected at most this many in a sheet", MostRows)
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

// mostDigits is the smallest integer with more than 15 digits: a spreadsheet may change it.
const mostDigits = 1_000_000_000_000_000

// firstDay is the first day that all spreadsheets number alike. Some count a 29 February 1900, which did not exist.
var firstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// cellOf returns a value in the form that the library needs.
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

// nameOf returns the name of a sheet: at most 31 letters, and unique in the workbook.
func nameOf(table string, taken map[string]bool) string {
	name := table[:min(len(table), excelize.MaxSheetNameLength)]
	for n := 2; taken[name]; n++ {
		end := "_" + strconv.Itoa(n)
		name = table[:min(len(table), excelize.MaxSheetNameLength-len(end))] + end
	}
	taken[name] = true
	return name
}
