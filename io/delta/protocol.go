package delta

import (
	"fmt"
	"slices"
	"strings"
)

// Protocol says what a table needs from the programs that read and write it.
type Protocol struct {
	MinReaderVersion int      `json:"minReaderVersion"`
	MinWriterVersion int      `json:"minWriterVersion"`
	ReaderFeatures   []string `json:"readerFeatures,omitempty"` // from reader version 3 on
	WriterFeatures   []string `json:"writerFeatures,omitempty"`
}

// namedFeatures is the reader version from which on a table names the features that it needs.
const namedFeatures = 3

// readable are the reader features that this package knows, each with the condition on which it reads a table that has the feature.
var readable = map[string]string{
	"timestampNtz":        "",
	"vacuumProtocolCheck": "",                                 // it is about removing old files
	"columnMapping":       "with the mode none",               // see columnMapping
	"deletionVectors":     "without a file that has such one", // see Snapshot.check
}

// columnMapping is the setting of a table that lets columns have other names in the files than in the schema.
const columnMapping = "delta.columnMapping.mode"

// UnreadableError says what a table needs that this package does not support.
type UnreadableError struct{ Needs string }

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("it needs %s, which this program does not read; write its rows to a table without that, or to parquet files, and give those", e.Needs)
}

// Check refuses a table that cannot be read as it is.
func (p Protocol) Check(m Metadata) error {
	switch {
	case p.MinReaderVersion > namedFeatures || p.MinReaderVersion < 1:
		return &UnreadableError{fmt.Sprintf("reader version %d (1 to %d are known)", p.MinReaderVersion, namedFeatures)}
	case p.MinReaderVersion == namedFeatures:
		var unknown []string
		for _, f := range p.ReaderFeatures {
			if _, known := readable[f]; !known {
				unknown = append(unknown, f)
			}
		}
		if slices.Sort(unknown); len(unknown) > 0 {
			return &UnreadableError{"the reader feature " + strings.Join(unknown, " and ")}
		}
	}
	if mode := m.Configuration[columnMapping]; mode != "" && mode != "none" {
		return &UnreadableError{fmt.Sprintf("column mapping (mode %s)", mode)}
	}
	if f := m.Format.Provider; f != "" && !strings.EqualFold(f, "parquet") {
		return &UnreadableError{fmt.Sprintf("files of the format %s", f)}
	}
	return nil
}
