package element

import (
	"slices"
	"strings"
)

// Telling says which columns of a file tell whose trips its rows are, and what their values mean.
type Telling struct {
	Columns []string // names, compared without regard to case; of several in one file the first here tells
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

// Share is the trips of one taxi in a file that has trips of several taxis.
type Share struct {
	Taxi   string
	Values []string // what the column of the file says of them, as it is in the file
	Rows   int64
	Left   bool // as asked, they are not read
	Alone  bool // as Recognised.Alone, for this taxi
}

// ByTaxi returns the trips of f that are read, by taxi. A file that is not of several taxis has one share. Malformed rows are in the
// first share.
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

// Only returns f with the trips of some taxis: those of the others are not read. If none is left, its ByTaxi is empty.
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

// RowsToRead is how many rows of f are of taxis that are read.
func (f Recognised) RowsToRead() int64 {
	rows := int64(0)
	for _, s := range f.ByTaxi() {
		rows += s.Rows
	}
	return rows
}

// TaxiList is the taxis of shares in one text.
func TaxiList(shares []Share) string {
	names := make([]string, len(shares))
	for i, s := range shares {
		names[i] = s.Taxi
	}
	return strings.Join(names, taxiSeparator)
}

// JoinTaxis joins two lists of taxis, as [TaxiList] makes them. Each taxi is in the result once.
func JoinTaxis(a, b string) string {
	taxis := slices.Concat(SplitTaxis(a), SplitTaxis(b))
	slices.Sort(taxis)
	return strings.Join(slices.Compact(taxis), taxiSeparator)
}

// SplitTaxis returns the taxis in a text of [TaxiList].
func SplitTaxis(list string) []string { return strings.Split(list, taxiSeparator) }

const taxiSeparator = ", "
