package delta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Change is the content of a commit: File replaces all files of the table.
type Change struct {
	Schema  *arrow.Schema // all columns become nullable
	File    *File         // nil: the table has no rows any more, and keeps its schema
	App     string        // the application's id, for [Txn]
	Version int64         // the application's own version of the table, for [Txn]
	Nonce   string        // tells the commits of two attempts apart
	Time    int64         // of the commit, in milliseconds since 1970
	Engine  string        // the name and the version of the program
	ID      string        // of the table, if it is new
}

// File is a data file.
type File struct {
	Path     string // below the table's folder, as it is in the file system
	Size     int64  // bytes
	Rows     int64
	Modified int64 // in milliseconds since 1970
}

// The features that a new table needs from its readers and writers: none, or one for a time without a time zone.
const (
	plainReader, plainWriter = 1, 2
	namedWriter              = 7 // the writer version from which on a table names the features that it needs
	timestampNtz             = "timestampNtz"
)

// commitInfo is the action of that name, as this package writes it.
type commitInfo struct {
	Timestamp           int64             `json:"timestamp"`
	Operation           string            `json:"operation"`
	OperationParameters map[string]string `json:"operationParameters"`
	IsBlindAppend       bool              `json:"isBlindAppend"`
	OperationMetrics    map[string]string `json:"operationMetrics,omitempty"`
	EngineInfo          string            `json:"engineInfo"`
	TxnID               string            `json:"txnId"`
}

// NameOf returns the name of the commit of a version.
func NameOf(version int64) string { return fmt.Sprintf("%020d.json", version) }

// Commit returns the content of the commit that makes a change to a table, as version h.Version+1. It depends only on the arguments.
func (h *Head) Commit(c Change) ([]byte, error) {
	if err := h.Writable(); err != nil {
		return nil, err
	}
	info := commitInfo{Timestamp: c.Time, Operation: "WRITE", OperationParameters: map[string]string{"mode": "Overwrite"}, EngineInfo: c.Engine, TxnID: c.Nonce}
	lines := []map[string]any{{"commitInfo": &info}, {"txn": Txn{AppID: c.App, Version: c.Version, LastUpdated: c.Time}}}
	if c.File == nil {
		info.Operation, info.OperationParameters = "DELETE", map[string]string{"predicate": "[]"}
	} else {
		info.OperationMetrics = map[string]string{
			"numFiles": "1", "numOutputRows": strconv.FormatInt(c.File.Rows, 10), "numOutputBytes": strconv.FormatInt(c.File.Size, 10),
		}
		fields, err := FieldsOf(c.Schema)
		if err != nil {
			return nil, err
		}
		if p, changed := h.protocolFor(fields); changed {
			lines = append(lines, map[string]any{"protocol": p})
		}
		if m, changed := h.metadataFor(c, fields); changed {
			lines = append(lines, map[string]any{"metaData": m})
		}
	}
	var path string
	if c.File != nil {
		path = Escape(c.File.Path)
	}
	for _, f := range h.Files() {
		if c.File != nil && key(f.Path) == key(path) { // one commit must not remove and add the same path
			continue
		}
		lines = append(lines, map[string]any{"remove": Remove{
			Path: f.Path, DeletionTimestamp: c.Time, DataChange: true, ExtendedFileMetadata: true, PartitionValues: f.PartitionValues, Size: f.Size,
		}})
	}
	if c.File != nil {
		lines = append(lines, map[string]any{"add": Add{
			Path: path, PartitionValues: map[string]*string{}, Size: c.File.Size, ModificationTime: c.File.Modified, DataChange: true,
			Stats: fmt.Sprintf(`{"numRecords":%d}`, c.File.Rows),
		}})
	}
	var content bytes.Buffer
	enc := json.NewEncoder(&content)
	enc.SetEscapeHTML(false)
	for _, line := range lines {
		if err := enc.Encode(line); err != nil {
			return nil, err
		}
	}
	return content.Bytes(), nil
}

// noNil returns a map that JSON writes as {}, never as null.
func noNil[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// Escape returns a path below a table's folder as the log has it: a URL, escaped once. See [Path].
func Escape(path string) string {
	return strings.ReplaceAll((&url.URL{Path: path}).EscapedPath(), ":", "%3A") // a colon would look like the end of a scheme
}

// protocolFor returns the protocol of the table after the change, and whether it differs from the present one. It never drops a feature.
func (h *Head) protocolFor(fields []Field) (p Protocol, changed bool) {
	p = Protocol{MinReaderVersion: plainReader, MinWriterVersion: plainWriter}
	if h.state.protocol != nil {
		p = *h.state.protocol
	}
	if !slices.ContainsFunc(fields, func(f Field) bool { return f.Named() == "timestamp_ntz" }) || slices.Contains(p.ReaderFeatures, timestampNtz) {
		return p, h.Version < 0
	}
	if h.Version >= 0 && p.MinWriterVersion < namedWriter { // such a table has these two features without naming them
		p.WriterFeatures = []string{"appendOnly", "invariants"}
	}
	return Protocol{
		MinReaderVersion: namedFeatures, MinWriterVersion: namedWriter,
		ReaderFeatures: with(p.ReaderFeatures, timestampNtz), WriterFeatures: with(p.WriterFeatures, timestampNtz),
	}, true
}

// with returns a list with an entry added, unless the list has it already.
func with(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(slices.Clone(list), one)
}

// metadataFor returns the metadata of the table after the change, and whether they differ from the present ones. The table keeps its id,
// name, description and settings.
func (h *Head) metadataFor(c Change, fields []Field) (m Metadata, changed bool) {
	m = Metadata{ID: c.ID, CreatedTime: c.Time}
	if old := h.state.metadata; old != nil {
		m = *old
		have, err := old.Schema()
		if err == nil && len(old.PartitionColumns) == 0 && slices.EqualFunc(have.Fields, fields, sameField) {
			return m, false
		}
	}
	text, err := json.Marshal(Schema{Type: "struct", Fields: fields})
	if err != nil {
		panic(err) // every field can be encoded
	}
	m.SchemaString, m.PartitionColumns, m.Format = string(text), []string{}, Provider{Provider: "parquet", Options: map[string]string{}}
	m.Configuration = noNil(m.Configuration)
	return m, true
}

// sameField tells whether two columns have the same name and type. Other things, such as comments, may differ.
func sameField(a, b Field) bool {
	return a.Name == b.Name && a.Named() != "" && a.Named() == b.Named() && a.Nullable == b.Nullable
}

// FieldsOf returns the columns of a table for an Arrow schema. The error names a column that a Delta table cannot have.
func FieldsOf(schema *arrow.Schema) ([]Field, error) {
	fields := make([]Field, schema.NumFields())
	seen := map[string]string{}
	for i, f := range schema.Fields() {
		if strings.ContainsAny(f.Name, " ,;{}()\n\t=") || f.Name == "" {
			return nil, fmt.Errorf("column %q: the names of a Delta table's columns have no space and none of ,;{}()= and tab; give it another name", f.Name)
		}
		if other, ok := seen[strings.ToLower(f.Name)]; ok {
			return nil, fmt.Errorf("columns %q and %q: the names of a Delta table's columns must differ in more than upper and lower case; give one another name", other, f.Name)
		}
		seen[strings.ToLower(f.Name)] = f.Name
		name, err := typeOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		fields[i] = Field{Name: f.Name, Type: json.RawMessage(strconv.Quote(name)), Nullable: true, Metadata: json.RawMessage("{}")}
	}
	return fields, nil
}

// types are the names of the types without arguments.
var types = map[arrow.Type]string{
	arrow.BOOL: "boolean", arrow.INT8: "byte", arrow.INT16: "short", arrow.INT32: "integer", arrow.INT64: "long",
	arrow.FLOAT32: "float", arrow.FLOAT64: "double", arrow.STRING: "string", arrow.DATE32: "date",
}

// typeOf returns the name of a type in a table's schema.
func typeOf(t arrow.DataType) (string, error) {
	if name, ok := types[t.ID()]; ok {
		return name, nil
	}
	switch t := t.(type) {
	case arrow.DecimalType:
		if t.GetPrecision() <= 38 && t.GetScale() >= 0 && t.GetScale() <= t.GetPrecision() {
			return fmt.Sprintf("decimal(%d,%d)", t.GetPrecision(), t.GetScale()), nil
		}
	case *arrow.TimestampType:
		if t.TimeZone == "" && t.Unit == arrow.Microsecond {
			return "timestamp_ntz", nil
		}
	}
	return "", fmt.Errorf("found the type %s, which this program cannot write to a Delta table", t)
}
