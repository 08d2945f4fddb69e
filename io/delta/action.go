// Package delta reads and writes the log of Delta Lake tables: which files make up a table's latest version, and which values their
// partitions have.
//
// A table is a folder of parquet files with a folder _delta_log in it. The log is a list of commits, one JSON file for each version. A
// commit has actions: a file was added, a file was removed, the schema was changed. A checkpoint is a parquet file with the result of all
// commits up to its version. [Latest] reads the newest complete checkpoint and the commits after it.
//
// The package knows the actions of the protocol's classic form. A table that needs more is refused, with the name of what it needs: see
// [Protocol.Check] and [Head.Writable]. A log may be hostile, so the memory that it makes a reader allocate is bounded.
//
// # Writing
//
// A table that this package writes has one data file. [Forward] commits a [Change]: the file replaces all files that the table has. Commits
// are written only if no other program has written the same version meanwhile; then the log is read again, and the file replaces what the
// other program has added, too. Which version of the application a commit has is in its action txn. The commit's nonce, in txnId of its
// commitInfo, tells whether the commit is of the same attempt.
//
//	feature                          read                    written
//	protocol 1/2, 3/7                yes                     1/2; 3/7 with timestampNtz if a column is a time; never less than before
//	reader version 2, writers 3 to 6 yes                     refused
//	timestampNtz                     yes                     yes
//	appendOnly, invariants           yes                     refused if the table uses them
//	vacuumProtocolCheck              yes                     kept
//	columnMapping                    if not used             refused
//	deletionVectors                  if no file has one      refused
//	v2Checkpoint, others             refused                 refused
//	partitions                       yes                     none; a table of others loses them
//	statistics of files              not used                numRecords alone: bounds of decimals are rounded by some readers, which lose rows
//	nested columns                   -                       none
//	nullable                         -                       all columns, because not to be null is an invariant
//	checkpoints of one or more parts yes                     one part: see below
//	_last_checkpoint                 not needed              after each checkpoint of its own
//	id, name, comments, settings     not used                kept
//	clean-up of old commits          -                       none
//
// Checkpoints of others are used, and stay. [Checkpoint] writes one when the log has a hundred commits after the last one: a program that
// opens the table reads all these commits, and in most tables nobody else writes checkpoints. More often is not worth it, because a commit
// is about as small as its row in a checkpoint. A removed file stays in checkpoints for seven days, the default of Delta Lake, so that a
// clean-up (VACUUM) spares it for those who still read it.
//
// These programs have read all versions of such tables, and their rows, decimals, dates and times were those of the same tables as plain
// parquet. They have written to the tables, too: appends, deletes, OPTIMIZE, VACUUM, checkpoints, comments (2026-11-27):
//
//	delta-rs 1.6.6 (Python's deltalake)
//	Polars 2.1.0
//	Spark 3.5.3 with Delta Lake 3.3.2
//
// In S3 and Azure, commits of Spark are only safe beside those of others if its LogStore writes on a condition, too.
//
// The package knows neither Beam nor trips.
package delta

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Action is one line of a commit. One of its fields is set, or none if a reader may ignore the action.
type Action struct {
	Add      *Add      `json:"add,omitempty"`
	Remove   *Remove   `json:"remove,omitempty"`
	Metadata *Metadata `json:"metaData,omitempty"`
	Protocol *Protocol `json:"protocol,omitempty"`
	Txn      *Txn      `json:"txn,omitempty"`
}

// Txn says which of its own versions an application has written.
type Txn struct {
	AppID       string `json:"appId"`
	Version     int64  `json:"version"`
	LastUpdated int64  `json:"lastUpdated,omitempty"`
}

// Add says that a file is part of the table.
type Add struct {
	Path             string             `json:"path"`            // a URL, relative to the table's folder; see [Path]
	PartitionValues  map[string]*string `json:"partitionValues"` // as text; null and "" are null
	Size             int64              `json:"size"`            // bytes
	ModificationTime int64              `json:"modificationTime"`
	DataChange       bool               `json:"dataChange"`
	Stats            string             `json:"stats,omitempty"` // JSON: see [Stats]
	DeletionVector   *DeletionVector    `json:"deletionVector,omitempty"`
}

// Remove says that a file is no longer part of the table.
type Remove struct {
	Path                 string             `json:"path"`
	DeletionTimestamp    int64              `json:"deletionTimestamp,omitempty"` // in milliseconds since 1970
	DataChange           bool               `json:"dataChange"`
	ExtendedFileMetadata bool               `json:"extendedFileMetadata,omitempty"` // the two fields after it are set
	PartitionValues      map[string]*string `json:"partitionValues,omitempty"`
	Size                 int64              `json:"size,omitempty"`
	DeletionVector       *DeletionVector    `json:"deletionVector,omitempty"`
}

// DeletionVector says which rows of a file are deleted. The same path with another deletion vector is another file of the table.
type DeletionVector struct {
	StorageType    string `json:"storageType"`
	PathOrInlineDv string `json:"pathOrInlineDv"`
	Offset         *int64 `json:"offset,omitempty"`
	SizeInBytes    int64  `json:"sizeInBytes"`
	Cardinality    int64  `json:"cardinality"`
}

// id identifies a deletion vector. Without a deletion vector it is "".
func (d *DeletionVector) id() string {
	if d == nil {
		return ""
	}
	id := "\x00" + d.StorageType + d.PathOrInlineDv
	if d.Offset != nil {
		id += fmt.Sprintf("@%d", *d.Offset)
	}
	return id
}

// Metadata says what the table is.
type Metadata struct {
	ID               string            `json:"id"`
	Name             string            `json:"name,omitempty"`
	Description      string            `json:"description,omitempty"`
	Format           Provider          `json:"format"`
	SchemaString     string            `json:"schemaString"` // JSON: see [Schema]
	PartitionColumns []string          `json:"partitionColumns"`
	Configuration    map[string]string `json:"configuration"`
	CreatedTime      int64             `json:"createdTime,omitempty"`
}

// Provider is the format of a table's files.
type Provider struct {
	Provider string            `json:"provider"`
	Options  map[string]string `json:"options"`
}

// Schema is the columns of a table.
type Schema struct {
	Type   string  `json:"type"` // struct
	Fields []Field `json:"fields"`
}

// Field is one column of a table.
type Field struct {
	Name     string          `json:"name"`
	Type     json.RawMessage `json:"type"` // the name of a type, in quotes; an object for a nested type
	Nullable bool            `json:"nullable"`
	Metadata json.RawMessage `json:"metadata"`
}

// Named returns the name of the type, such as "long" or "decimal(10,2)". It returns "" for a nested type.
func (f Field) Named() string {
	var name string
	if json.Unmarshal(f.Type, &name) != nil {
		return ""
	}
	return name
}

// Schema parses the schema. A table without a schema has no columns; only test tables of other projects have none.
func (m Metadata) Schema() (Schema, error) {
	var s Schema
	if m.SchemaString == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(m.SchemaString), &s); err != nil {
		return s, fmt.Errorf("its schema is not as expected: %w", err)
	}
	return s, nil
}

// Stats are the statistics of a file.
type Stats struct {
	NumRecords *int64                     `json:"numRecords,omitempty"`
	MinValues  map[string]json.RawMessage `json:"minValues,omitempty"`
	MaxValues  map[string]json.RawMessage `json:"maxValues,omitempty"`
	NullCount  map[string]json.RawMessage `json:"nullCount,omitempty"`
}

// parseAction parses one line of a commit.
func parseAction(line []byte) (a Action, err error) {
	if err := json.Unmarshal(line, &a); err != nil {
		return a, err
	}
	if a.Add != nil && a.Add.Path == "" || a.Remove != nil && a.Remove.Path == "" {
		return a, errors.New("found a file without a path")
	}
	return a, nil
}
