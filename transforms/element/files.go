package element

import (
	"cmp"
	"slices"

	"tripstats/transforms/fault"
)

// A file has a type for each step of its way: [Found] → [Described] → [Recognised] → [Admitted]. Each type has what is known after
// its step. A file that cannot be used becomes an [Unusable].
//
// There may be tens of thousands of files. So a step drops what no later step needs, and elements that wait for all files are lists:
// a runner may need as much memory for an element as the file in it.

// Found is a file that was matched but not opened yet: its place, and what its name says.
type Found struct {
	URI     string `json:",omitzero"` // absolute path or URI, as opened
	Source  string `json:",omitzero"` // short, stable, distinct name: the same from a folder and from a bucket
	Size    int64  `json:",omitzero"` // bytes
	Version string `json:",omitzero"` // identity at match time; opening anything else is an error
	Month   int32  `json:",omitzero"` // months since 1970-01 from the path, or NoMonth

	Dataset  string `json:",omitzero"` // if it is a part of a dataset: the name of that folder, with which Source begins
	NameTaxi string `json:",omitzero"` // the taxi that its name says, or ""
	Wild     bool   `json:",omitzero"` // only wildcards matched it, so that it may be left out if it holds no trips
	Identity string `json:",omitzero"` // equal for two names of one local file; "" where that is not known
	Refused  string `json:",omitzero"` // why it cannot be used, whatever its content is, or ""
	Text     string `json:",omitzero"` // the source of the file that has the same text, which may be this one, if one of the two is packed with gzip

	MonthFrom string     `json:",omitzero"` // what holds the month, such as year=2024/month=01, if that is not the base name
	Constants []Constant `json:",omitzero"` // columns that have one value in the whole file, because its place says it: see Column.Constant
	Digest    string     `json:",omitzero"` // of its content, if another file without a month may be a copy of it

	Taxis []string `json:",omitzero"` // the taxis that are read of it, if they are not those that the run reads of all files

	// What a run before has of the file: see package kept.
	Token   string `json:",omitzero"` // identifies the content for later runs; "" if it cannot be relied on
	Reading string `json:",omitzero"` // digest of what decides how the file is read and judged; "" if nothing of it is to be kept
	Kept    bool   `json:",omitzero"` // all results are kept, so the file is not opened
	Skip    uint64 `json:",omitzero"` // the tables whose results are kept, by their place among those of the run: the file is read for the others
}

// Skips tells whether the result of the table at a place among those of the run is kept.
func (f Found) Skips(table int) bool { return f.Skip>>table&1 == 1 }

// Constant is a column that has one value in the whole file: a key of a folder, such as color=yellow, or a partition of a table.
type Constant struct {
	Name  string    `json:",omitzero"`
	Value string    `json:",omitzero"` // as text
	Null  bool      `json:",omitzero"` // all rows are null, and Value is ""
	Type  ValueType `json:",omitzero"` // of the column: String unless a table's schema has another one
}

// Whole is the name of the source in tables and the manifest: the name of the dataset that the file is a part of, or of the
// file.
func (f Found) Whole() string { return cmp.Or(f.Dataset, f.Source) }

// Described is a file whose format has told what it holds, without reading rows. A unit is the smallest part of a file that is
// read on its own, such as a row group of parquet.
type Described struct {
	Found

	Format   string   `json:",omitzero"` // name of the format
	Rows     int64    `json:",omitzero"` // of the whole file, or UnknownRows
	UnitRows []int64  `json:",omitzero"` // rows of each unit, or UnknownRows
	Columns  []Column `json:",omitzero"` // in the order of the file
	NoRows   bool     `json:",omitzero"` // a file of text is known to have no rows

	// TextBytes are the bytes of each unit of a file of text, which are all read, whatever the projection is. They are nil for a file whose
	// columns are read one by one. The rows of a file of text are unknown, and its columns have no bytes of their own.
	TextBytes []int64 `json:",omitzero"`

	// What the format needs again to read the file. Only the format knows what it means.
	Metadata    []byte `json:",omitzero"` // nil if reading it again costs less than keeping it
	MetadataSum int64  `json:",omitzero"` // a checksum of the metadata in the file
}

// Empty tells whether the file is known to have no rows.
func (f Described) Empty() bool { return f.Rows == 0 || f.NoRows }

// BytesOf returns by unit the bytes that hold some columns, which are indices into Columns. In a file of text these are all bytes.
func (f Described) BytesOf(columns []int) []int64 {
	if f.TextBytes != nil {
		return slices.Clone(f.TextBytes)
	}
	bytes := make([]int64, len(f.UnitRows))
	for _, c := range columns {
		for unit, n := range f.Columns[c].ChunkBytes {
			bytes[unit] += n
		}
	}
	return bytes
}

// Recognised is a file whose taxi is known, with the columns that are read of it.
type Recognised struct {
	Described

	Taxi        string    `json:",omitzero"` // such as "yellow"; of a file with several taxis the list of them
	Variant     string    `json:",omitzero"` // in which form its columns are
	Coordinates bool      `json:",omitzero"` // it has longitudes and latitudes instead of zones
	Unknown     []string  `json:",omitzero"` // names of columns that the registry does not know
	Dates       DateOrder `json:",omitzero"` // how its texts write dates that end with the year, if they do
	Null        []string  `json:",omitzero"` // columns of trips that tables need and the file does not have: see trip.Options
	Projection  []int     `json:",omitzero"` // indices into Columns, ascending: what is read
	UnitBytes   []int64   `json:",omitzero"` // by unit: bytes that hold the projected columns; of a file of text all bytes

	TaxiColumn string  `json:",omitzero"` // the column that tells the taxi of each row, or ""
	Shares     []Share `json:",omitzero"` // the taxis of all rows, if that column names several, in the order of their names
	Malformed  int64   `json:",omitzero"` // of a file of text with shares: rows that are in none, because their lines do not tell a taxi

	Cores float64 `json:"-"` // how many cores its decoding keeps busy, if these are more than one

	Lacks uint64 `json:",omitzero"` // the columns of trips that the file does not have, of all there are: a trip.FieldSet
	Units int    `json:",omitzero"` // number of units, where UnitRows has been dropped

	// Alone is set when files are admitted. It tells that no other admitted file can have trips of this taxi and month that rules let
	// count: the file's name has a month, and so have the names of the taxi's other files, all of them other months. The file is not one of
	// several parts of a dataset.
	Alone bool `json:",omitzero"`
}

// Admitted is a file whose trips of one taxi count. It has what results, checks and the manifest need. A [Work] has what the reader
// needs.
type Admitted struct {
	Source  string
	Dataset string
	URI     string
	Size    int64
	Month   int32
	Taxi    string
	Variant string
	Unknown []string
	Null    []string // Recognised.Null
	Rows    int64    // of this taxi, or UnknownRows; a file of several taxis is admitted for each
	Others  int64    // rows of the file that are of taxis which are not read
	Untold  int64    // rows among Rows that tell no taxi: Recognised.Malformed
	Units   int      // number of units
	Alone   bool     // Recognised.Alone
	Kept    bool     // Found.Kept
}

// Whole is as [Found.Whole].
func (f Admitted) Whole() string { return cmp.Or(f.Dataset, f.Source) }

// Admit returns f as a file whose trips count: one for each taxi that is read.
func (f Recognised) Admit() []Admitted {
	var admitted []Admitted
	others := f.OtherRows()
	for i, s := range f.ByTaxi() {
		untold := int64(0)
		if i == 0 {
			untold = f.Malformed
		}
		admitted = append(admitted, Admitted{
			Source: f.Source, Dataset: f.Dataset, URI: f.URI, Size: f.Size, Month: f.Month,
			Taxi: s.Taxi, Variant: f.Variant, Unknown: f.Unknown, Null: f.Null, Rows: s.Rows, Others: others, Untold: untold, Units: max(f.Units, len(f.UnitRows)), Alone: s.Alone,
			Kept: f.Kept,
		})
	}
	return admitted
}

// MostInList is how many files or results are one element at most.
const MostInList = 256

// RecognisedFiles are some files.
type RecognisedFiles struct {
	Files   []Recognised
	Compact []byte // further files, if not nil: see [CompactList]
}

// All returns all files of a list. Nobody may write to them.
func (l RecognisedFiles) All() ([]Recognised, error) { return withCompact(l.Files, l.Compact) }

// AdmittedFiles are some files.
type AdmittedFiles struct {
	Files   []Admitted
	Compact []byte // further files, if not nil: see [CompactList]
}

// All returns all files of a list. Nobody may write to them.
func (l AdmittedFiles) All() ([]Admitted, error) { return withCompact(l.Files, l.Compact) }

// withCompact returns the entries of a list, and then the entries of a compact list.
func withCompact[T any](list []T, compact []byte) ([]T, error) {
	if compact == nil {
		return list, nil
	}
	more, err := ExpandList[T](compact)
	if err != nil || len(list) == 0 {
		return more, err
	}
	return slices.Concat(list, more), nil
}

// Unusable is a file that cannot be used. All of them are reported together, or left out.
type Unusable struct {
	Found

	Why     string
	Taxi    string // as far as its columns say
	NoTrips bool   // no column is a time of any taxi's trips: see Found.Wild
}

// Refuse returns f with the reason why it cannot be used. An error that is not about the file is returned unchanged.
func (f Found) Refuse(err error) (Unusable, error) {
	if why := fault.Find(err); why != nil && why.Code == fault.Input {
		return Unusable{Found: f, Why: why.Message}, nil
	}
	return Unusable{Found: f}, err
}

// LeftOut is a file that was matched and, as asked, is not read.
type LeftOut struct {
	Source  string
	Dataset string // if none of the dataset is read
	NoTrips bool   // it holds no trip records, such as a table of zones
}

// Whole is as [Found.Whole].
func (f LeftOut) Whole() string { return cmp.Or(f.Dataset, f.Source) }

// Sources groups files by source, in their order: the parts of one dataset are one group.
func Sources[F interface{ Whole() string }](files []F) [][]F {
	var out [][]F
	at := map[string]int{}
	for len(files) > 0 {
		n, name := 1, files[0].Whole()
		for n < len(files) && files[n].Whole() == name {
			n++
		}
		if i, known := at[name]; known {
			out[i] = append(out[i], files[:n]...)
		} else {
			at[name] = len(out)
			out = append(out, files[:n:n]) // a part of files, because a copy of many files would need much memory
		}
		files = files[n:]
	}
	return out
}

// Range is the units of a file from Start up to and without End.
type Range struct{ Start, End int }

// Work is one element for the reader: units of one file or of several, which it reads side by side if they are for one process.
type Work struct {
	Pieces []Piece
	Files  []WholeFiles // are read after the pieces
}

// WholeFiles are files of which all units are read. They are held in a compact list, because there may be tens of thousands of files.
type WholeFiles struct {
	Compact   []byte  // a compact list of Recognised: see [CompactList]
	Count     int     // the number of files
	UnitBytes []int64 // Recognised.UnitBytes of all files, one after the other
}

// Piece is a range of units of one file, as a Work has it.
type Piece struct {
	File  Recognised
	Units Range
}

// Column is one column of a file.
type Column struct {
	Name       string    // at the top of the schema; further leaves of a nested column go by their path
	Leaf       int       // its place among the columns of the file; -1-i if it is not in the file but Constants[i] of it
	Type       ValueType // what its values are
	Found      string    // its type in a word, such as timestamp[us], for messages
	Precision  int32     // of a Decimal: how many digits its values have at most
	Scale      int32     // of a Decimal: how many of them are decimals
	ChunkBytes []int64   // bytes by unit
	Codecs     []string  // with which it is compressed, each once
}

// Constant tells whether the column is not in the file itself, and which of Found.Constants it is.
func (c Column) Constant() (i int, ok bool) { return -1 - c.Leaf, c.Leaf < 0 }
