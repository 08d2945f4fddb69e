package element

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Telling says which columns of a file can name the taxi of each trip, and what their values mean.
type Telling struct {
	Columns []string // names, compared without regard to case; if a file has several of these columns, the first in this list counts
	Values  []TaxiValue
}

// TaxiValue is a value of such a column, in lower case and with spaces between its words, and the taxi that it names.
type TaxiValue struct{ Value, Taxi string }

// TaxiOf returns the taxi that a value names, or "".
func (t Telling) TaxiOf(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	value = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return ' '
		}
		return r
	}, value)
	for _, v := range t.Values {
		if v.Value == value {
			return v.Taxi
		}
	}
	return ""
}

// Taxis lists the taxis that values name, each once.
func (t Telling) Taxis() []string {
	var taxis []string
	seen := map[string]bool{}
	for _, v := range t.Values {
		if !seen[v.Taxi] {
			seen[v.Taxi] = true
			taxis = append(taxis, v.Taxi)
		}
	}
	return taxis
}

// Share has the trips of one taxi in a file that has trips of several taxis.
type Share struct {
	Taxi   string
	Values []string // the values of the file's column that name the taxi
	Rows   int64
	Left   bool // the user does not want these trips, so they are not read
	Alone  bool // like Recognised.Alone, for this taxi
}

// ByTaxi returns the shares of f that are read. A file of one taxi has one share. Malformed rows are in the first share.
func (f Recognised) ByTaxi() []Share {
	if len(f.Shares) == 0 {
		return []Share{{Taxi: f.Taxi, Rows: f.Rows, Alone: f.Alone}}
	}
	var read []Share
	for _, s := range f.Shares {
		if !s.Left {
			read = append(read, s)
		}
	}
	if len(read) > 0 {
		read[0].Rows += f.Malformed
	}
	return read
}

// Only returns f without the trips of taxis for which some is false: these are not read. If no taxi is left, ByTaxi is empty.
func (f Recognised) Only(some func(taxi string) bool) Recognised {
	if len(f.Shares) == 0 {
		if !some(f.Taxi) {
			f.Shares = []Share{{Taxi: f.Taxi, Rows: f.Rows, Left: true}}
		}
		return f
	}
	f.Shares = slices.Clone(f.Shares)
	for i := range f.Shares {
		s := &f.Shares[i]
		s.Left = s.Left || !some(s.Taxi)
	}
	f.Taxi = TaxiList(f.ByTaxi())
	return f
}

// OtherRows returns the number of rows of f whose taxi is not read.
func (f Recognised) OtherRows() int64 {
	rows := int64(0)
	for _, s := range f.Shares {
		if s.Left {
			rows += s.Rows
		}
	}
	return rows
}

// RowsToRead returns the number of rows of f whose taxi is read.
func (f Recognised) RowsToRead() int64 {
	rows := int64(0)
	for _, s := range f.ByTaxi() {
		rows += s.Rows
	}
	return rows
}

// TaxiList returns the taxis of shares as one text.
func TaxiList(shares []Share) string {
	names := make([]string, len(shares))
	for i, s := range shares {
		names[i] = s.Taxi
	}
	return strings.Join(names, taxiSeparator)
}

// JoinTaxis joins two results of [TaxiList]. Each taxi is in the result once.
func JoinTaxis(a, b string) string {
	taxis := slices.Concat(SplitTaxis(a), SplitTaxis(b))
	slices.Sort(taxis)
	return strings.Join(slices.Compact(taxis), taxiSeparator)
}

// SplitTaxis returns the taxis in a result of [TaxiList].
func SplitTaxis(list string) []string { return strings.Split(list, taxiSeparator) }

const taxiSeparator = ", "

// appendShares appends the taxis of a batch. Beam's coder of rows is not used for them: it allocates by the lengths it finds, whatever they are.
func appendShares(b []byte, shares []Share) []byte {
	b = binary.AppendUvarint(b, uint64(len(shares)))
	for _, s := range shares {
		b = AppendString(b, s.Taxi)
		b = binary.AppendUvarint(b, uint64(len(s.Values)))
		for _, v := range s.Values {
			b = AppendString(b, v)
		}
		flags := uint64(0)
		if s.Left {
			flags |= 1
		}
		if s.Alone {
			flags |= 2
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Rows)), flags)
	}
	return b
}

// cutShares reads what [appendShares] wrote, and returns the rest.
func cutShares(b []byte) (shares []Share, rest []byte, err error) {
	count, b, err := CutUvarint(b)
	for ; err == nil && count > 0; count-- { // each share takes some bytes, so b ends the loop
		var s Share
		var values, rows, flags uint64
		if s.Taxi, b, err = CutString(b); err == nil {
			values, b, err = CutUvarint(b)
		}
		for ; err == nil && values > 0; values-- {
			var v string
			if v, b, err = CutString(b); err == nil {
				s.Values = append(s.Values, v)
			}
		}
		if err == nil {
			rows, b, err = CutUvarint(b)
		}
		if err == nil {
			flags, b, err = CutUvarint(b)
		}
		s.Rows, s.Left, s.Alone = int64(rows), flags&1 != 0, flags&2 != 0
		shares = append(shares, s)
	}
	if err != nil {
		return nil, nil, err
	}
	return shares, b, nil
}
