package trip

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// A part of a batch has some of its rows. Each row has the same values, month and place as in the batch.
func TestPartsOfABatchHaveItsRows(t *testing.T) {
	const rows = 100
	for name, place := range map[string]func(*Batch){
		"consecutive": func(*Batch) {},
		"skipping": func(b *Batch) {
			b.Skips = make([]int32, rows)
			setEach(b.Skips, func(i int) int32 { return int32(3 * i) })
		},
		"text": func(b *Batch) {
			b.Text = &element.Text{Starts: make([]int64, rows)}
			setEach(b.Text.Starts, func(i int) int64 { return int64(70 * i) })
		},
	} {
		b := Batch{Source: "x.parquet", Rows: rows, FirstRow: 1000, FileRow: 5000, Findings: []Finding{{Rows: 1}}, NoCodes: []NoCode{{Rows: 1}}}
		b.Months = []MonthRun{{Month: 1, End: 10}, {Month: 2, End: 64, Refused: true}, {Month: 3, End: 99}, {Month: 4, End: rows}}
		c := &b.Columns[Distance]
		c.Values, c.Valid = make([]int64, rows), make([]byte, (rows+7)/8)
		setEach(c.Values, func(i int) int64 { return int64(i) })
		setEach(c.Valid, func(i int) byte { return byte(37 * i) })
		place(&b)
		for _, cut := range []int{8, 48, 64, 96} {
			for _, bounds := range [][2]int{{0, cut}, {cut, rows}} {
				p := b.Part(bounds[0], bounds[1])
				if p.Rows != bounds[1]-bounds[0] || p.Findings != nil || p.NoCodes != nil {
					t.Errorf("%s, %v: found %d rows, findings %v and NoCodes %v; expected only the rows of the part", name, bounds, p.Rows, p.Findings, p.NoCodes)
				}
				if c, nulls := &p.Columns[Distance], 0; c.Valid != nil {
					for i := range p.Rows {
						if c.IsNull(i) {
							nulls++
						}
					}
					if c.Nulls != nulls {
						t.Errorf("%s, %v: found %d nulls, expected %d", name, bounds, c.Nulls, nulls)
					}
				}
				for i := range p.Rows {
					row := bounds[0] + i
					found, want := &p.Columns[Distance], &b.Columns[Distance]
					if found.Values[i] != want.Values[row] || found.IsNull(i) != want.IsNull(row) || p.RowNumber(i) != b.RowNumber(row) || p.Where(i) != b.Where(row) || monthOf(p, i) != monthOf(b, row) {
						t.Errorf("%s, %v: row %d is not row %d of the batch", name, bounds, i, row)
					}
				}
				if end := p.Months[len(p.Months)-1].End; end != p.Rows {
					t.Errorf("%s, %v: the months end at row %d, expected %d", name, bounds, end, p.Rows)
				}
			}
		}
	}
}

func setEach[T any](to []T, of func(i int) T) {
	for i := range to {
		to[i] = of(i)
	}
}

func monthOf(b Batch, row int) MonthRun {
	m := b.Months[slices.IndexFunc(b.Months, func(m MonthRun) bool { return row < m.End })]
	m.End = 0
	return m
}
