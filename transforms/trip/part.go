package trip

import "tripstats/transforms/element"

// Part returns the rows of a batch from row from up to, but without, row to. It is for adding up trips: it has neither Findings nor NoCodes, nor
// any lists of rows. from must be a multiple of 8, because the part shares the bytes of bitmaps with the batch.
func (b *Batch) Part(from, to int) Batch {
	p := *b
	p.Rows = to - from
	p.Origin, p.NotNumbers, p.NotPickups, p.NotDropoffs, p.NotTimes, p.NoCodes, p.Findings = nil, nil, nil, nil, nil, nil, nil
	if b.Skips != nil {
		p.Skips = b.Skips[from:to]
	} else {
		p.FirstRow, p.FileRow = b.FirstRow+int64(from), b.FileRow+int64(from)
	}
	if b.Text != nil {
		p.Text = &element.Text{FileBytes: b.Text.FileBytes, Finder: b.Text.Finder, Starts: b.Text.Starts[from:to]}
	}
	for f := range p.Columns {
		c := &p.Columns[f]
		if len(c.Values) > 0 {
			c.Values = c.Values[from:to]
		}
		if c.Valid != nil {
			c.Valid = c.Valid[from>>3:]
			c.Nulls = p.Rows - c.Set(0, p.Rows)
		}
	}
	p.Months = nil
	for _, m := range b.Months {
		if m.End <= from {
			continue
		}
		m.End = min(m.End, to) - from
		if p.Months = append(p.Months, m); m.End == p.Rows {
			break
		}
	}
	return p
}
