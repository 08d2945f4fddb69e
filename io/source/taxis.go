package source

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// Tell finds out which taxis a file has trips of, if a column names the taxi of each trip. It reads only this column. A row without a
// taxi is a fault. If all rows are of one taxi, the file is of this taxi, whatever its other columns and its name say. If they are of
// several taxis, the file has a share for each taxi, and its projection has the column.
func Tell(ctx context.Context, cfg Config, telling element.Telling, f element.Recognised) (element.Recognised, error) {
	if f.TaxiColumn == "" {
		return f, nil
	}
	at := slices.IndexFunc(f.Columns, func(c element.Column) bool { return c.Name == f.TaxiColumn })
	if at < 0 {
		return f, fault.New(fault.Failed, "%s: found no column %q, expected the one that it was recognised by", f.Source, f.TaxiColumn)
	}
	column := f.Columns[at]
	if column.Type != element.String && column.Type != element.Null {
		return f, fault.Inputf("%s: column %q: found %s, expected text that names a taxi (%s), because a column of this name says whose trips these are; rename the column or leave the file out",
			f.Source, column.Name, column.Found, strings.Join(telling.Taxis(), ", "))
	}
	found, err := valuesInPath(f, column), error(nil)
	if found == nil {
		found, err = valuesOf(ctx, cfg, f, at)
	}
	if err != nil {
		return f, err
	}
	shares, err := sharesOf(found, telling)
	if err != nil {
		return f, fault.Inputf("%s: column %q: %v", f.Source, column.Name, err)
	}
	switch {
	case len(shares) == 1:
		f.Taxi = shares[0].Taxi
	case len(shares) > 1:
		f.Taxi, f.Shares, f.Malformed = element.TaxiList(shares), shares, found.malformed
		f.Projection = slices.Sorted(slices.Values(append(slices.Clone(f.Projection), at)))
		f.UnitBytes = f.BytesOf(f.Projection)
	}
	return f, nil
}

// mostValues is how many different values of a column are counted one by one. A column that names the taxi has few.
const mostValues = 256

// values are the values of a column of text, and how many rows have them.
type values struct {
	rows  map[string]int64
	nulls int64
	// malformed counts the malformed rows of a file of text, which have no values. nulls does not count them.
	malformed int64
	more      int64 // rows with values beyond the first mostValues
}

// add counts rows with a value. It copies the text, because the caller may use its memory again.
func (v *values) add(text string, rows int64) {
	if rows == 0 {
		return
	}
	if _, known := v.rows[text]; !known && len(v.rows) == mostValues {
		v.more += rows
		return
	}
	v.rows[strings.Clone(text)] += rows // Go replaces the key in the map by this equal one, so it must be a copy each time
}

// valuesInPath returns the values of a column that is a constant. It returns nil for any other column.
func valuesInPath(f element.Recognised, column element.Column) *values {
	i, is := column.Constant()
	if !is {
		return nil
	}
	rows := f.Rows
	if rows == element.UnknownRows {
		rows = 1
	}
	if c := f.Constants[i]; !c.Null {
		return &values{rows: map[string]int64{c.Value: rows}}
	}
	return &values{nulls: rows}
}

// valuesOf reads one column of a file.
func valuesOf(ctx context.Context, cfg Config, f element.Recognised, column int) (*values, error) {
	f.Projection = []int{column}
	f.UnitBytes = f.BytesOf(f.Projection)
	cfg.Codes = true
	found := &values{rows: map[string]int64{}}
	var wrong error
	err := Scan(ctx, f, cfg, func(c element.Columns) {
		switch a := c.Record.Column(0).(type) {
		case *array.Null:
			found.nulls += int64(a.Len())
		case *array.String:
			found.addTexts(a)
		case *array.Dictionary:
			wrong = cmp.Or(wrong, found.addCodes(a))
		default:
			wrong = fault.New(fault.Failed, "%s: column %q: read as %s, expected text", f.Source, f.TaxiColumn, a.DataType())
		}
		if c.Text != nil {
			found.malformed += int64(len(c.Text.Malformed))
			found.nulls -= int64(len(c.Text.Malformed))
		}
	})
	return found, cmp.Or(err, wrong)
}

// addTexts counts the values of an array. Rows with the same value often follow each other, so they are counted together.
func (v *values) addTexts(a *array.String) {
	last, rows := "", int64(0)
	for i := range a.Len() {
		switch {
		case a.IsNull(i):
			v.nulls++
		case a.Value(i) == last:
			rows++
		default:
			v.add(last, rows)
			last, rows = a.Value(i), 1
		}
	}
	v.add(last, rows)
}

// addCodes counts the values of an array by the codes of its dictionary.
func (v *values) addCodes(a *array.Dictionary) error {
	texts, isText := a.Dictionary().(*array.String)
	codes, isCodes := a.Indices().(*array.Uint16)
	if !isText || !isCodes {
		return fault.New(fault.Failed, "read a dictionary %s, expected text", a.DataType())
	}
	rows := make([]int64, texts.Len())
	for i, c := range codes.Uint16Values() {
		if a.IsNull(i) {
			v.nulls++
		} else {
			rows[c]++
		}
	}
	for c, n := range rows {
		if n > 0 && texts.IsNull(c) {
			v.nulls += n
		} else {
			v.add(texts.Value(c), n)
		}
	}
	return nil
}

// sharesOf returns the taxis that the values name, sorted by name. A row without a taxi is an error.
func sharesOf(found *values, telling element.Telling) ([]element.Share, error) {
	var shares []element.Share
	var wrong []string
	for _, value := range slices.Sorted(maps.Keys(found.rows)) {
		rows := found.rows[value]
		taxi := telling.TaxiOf(value)
		if taxi == "" {
			wrong = append(wrong, fmt.Sprintf("%q in %s", fault.Shortened(value, 40), rowsOf(rows)))
			continue
		}
		at := slices.IndexFunc(shares, func(s element.Share) bool { return s.Taxi == taxi })
		if at < 0 {
			at = len(shares)
			shares = append(shares, element.Share{Taxi: taxi})
		}
		shares[at].Values = append(shares[at].Values, value)
		shares[at].Rows += rows
	}
	const most = 5
	if n := len(wrong); n > most {
		wrong = append(wrong[:most], fmt.Sprintf("%d more values", n-most))
	}
	if found.more > 0 {
		wrong = append(wrong, "other values in "+rowsOf(found.more))
	}
	if found.nulls > 0 {
		wrong = append(wrong, "null in "+rowsOf(found.nulls))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("found %s, expected in each row the taxi whose trip it is: %s; correct these rows, rename the column if it says something else, or leave the file out",
			strings.Join(wrong, ", "), strings.Join(telling.Taxis(), ", "))
	}
	slices.SortFunc(shares, func(a, b element.Share) int { return strings.Compare(a.Taxi, b.Taxi) })
	return shares, nil
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
