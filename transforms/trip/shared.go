package trip

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/element"
)

// shared is what the batches of lists have in common: what follows from the schema of a file, and from the dictionaries of a row group. Files
// and row groups may be mixed, so several of each are kept. It is safe for concurrent use.
type shared struct {
	mu    sync.Mutex
	lists int64 // so far
	files []*fileMapping
	codes [NumFields][]codeTables // by column of the file from which a column of trips is made
}

// fileMapping is how the columns of a file become those of trips.
type fileMapping struct {
	form
	dataset element.Dataset
	fields  []Field // the wanted columns
	sources [NumFields][]source
}

// form is what tells how a file is mapped. Files of several datasets may share a schema.
type form struct {
	schema  *arrow.Schema
	variant string
	byTaxi  bool // a column tells the taxi
}

func formOf(in element.Columns) form {
	return form{in.Record.Schema(), in.Variant, in.TaxiColumn != ""}
}

// mostFiles is how many mappings are kept. They are small.
const mostFiles = 32

// mapping returns the mapping of files of a form, which make makes if it is not known.
func (s *shared) mapping(of form, make func() (*fileMapping, error)) (*fileMapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.files {
		if m.form == of {
			return m, nil
		}
	}
	m, err := make()
	if err != nil {
		return nil, err
	}
	if len(s.files) == mostFiles {
		s.files = slices.Delete(s.files, 0, 1)
	}
	s.files = append(s.files, m)
	return m, nil
}

// codeTables are the tables for the last dictionaries of a column.
type codeTables []*codeTable

// idleLists is after how many lists without a batch of a row group the memory for its dictionaries is used for others.
const idleLists = 16

// mostTables is how many tables a column may have.
func mostTables() int {
	if cores := runtime.GOMAXPROCS(0); cores > 3 {
		return cores
	}
	return 1 // row groups hardly mix
}

// table returns the table for a dictionary of a column's source, which may be new.
func (s *shared) table(f Field, source int, dictionary arrow.ArrayData) *codeTable {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.codes[f]) <= source {
		s.codes[f] = append(s.codes[f], nil)
	}
	tables := &s.codes[f][source]
	for _, t := range *tables {
		if t.dictionary == dictionary {
			t.last = s.lists
			return t
		}
	}
	t := &codeTable{dictionary: dictionary, last: s.lists}
	if n := len(*tables); n > 0 {
		oldest := slices.MinFunc(*tables, func(a, b *codeTable) int { return cmp.Compare(a.last, b.last) })
		if idle := s.lists - oldest.last; idle >= idleLists || idle > 0 && n >= mostTables() {
			t.values = oldest.values
			*tables = slices.DeleteFunc(*tables, func(o *codeTable) bool { return o == oldest })
		}
	}
	*tables = append(*tables, t)
	return t
}
