package delta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/io/objstore"
)

const (
	// checkpointEvery is how many commits a log may have after its last checkpoint before [Checkpoint] writes one. A reader reads all of
	// them. Other programs write a checkpoint after every tenth commit of their own.
	checkpointEvery = 100

	// removedFor is how long a removed file stays in checkpoints, in milliseconds: 7 days, the default of Delta Lake. Until then a
	// program that removes unused files leaves it, because readers may still have an older version open.
	removedFor = 7 * 24 * 3600 * 1000

	lastCheckpoint = "_last_checkpoint"
)

func structOf(fields ...arrow.Field) arrow.DataType { return arrow.StructOf(fields...) }

func optional(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

var (
	textType, longType, flagType = arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean
	textsType, mapType           = arrow.ListOf(textType), arrow.MapOf(textType, textType)

	// checkpointColumns are the columns of a checkpoint: one for each kind of action.
	checkpointColumns = arrow.NewSchema([]arrow.Field{
		optional("txn", structOf(optional("appId", textType), optional("version", longType), optional("lastUpdated", longType))),
		optional("add", structOf(
			optional("path", textType), optional("partitionValues", mapType), optional("size", longType), optional("modificationTime", longType),
			optional("dataChange", flagType), optional("stats", textType),
		)),
		optional("remove", structOf(
			optional("path", textType), optional("deletionTimestamp", longType), optional("dataChange", flagType),
			optional("extendedFileMetadata", flagType), optional("partitionValues", mapType), optional("size", longType),
		)),
		optional("metaData", structOf(
			optional("id", textType), optional("name", textType), optional("description", textType),
			optional("format", structOf(optional("provider", textType), optional("options", mapType))),
			optional("schemaString", textType), optional("partitionColumns", textsType), optional("configuration", mapType), optional("createdTime", longType),
		)),
		optional("protocol", structOf(
			optional("minReaderVersion", arrow.PrimitiveTypes.Int32), optional("minWriterVersion", arrow.PrimitiveTypes.Int32),
			optional("readerFeatures", textsType), optional("writerFeatures", textsType),
		)),
	}, nil)
)

// Checkpoint writes a checkpoint of a version if the log has many commits after its last checkpoint, and if the version is the latest.
// It returns whether it has written one. A table without a checkpoint is complete too, but slower to open.
func Checkpoint(ctx context.Context, log WritableLog, version, now int64) (bool, error) {
	if version < checkpointEvery-1 {
		return false, nil
	}
	h, err := HeadOf(ctx, log)
	if err != nil || h.Version != version || len(h.commits) < checkpointEvery {
		return false, err
	}
	content, rows, err := h.checkpoint(now)
	if err != nil {
		return false, err
	}
	name := fmt.Sprintf("%020d.checkpoint.parquet", version)
	switch err := log.Put(ctx, name, content); {
	case errors.Is(err, objstore.ErrExists): // another program was faster
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s/%s: %w", Folder, name, err)
	}
	if err := log.Replace(ctx, lastCheckpoint, fmt.Appendf(nil, `{"version":%d,"size":%d}`, version, rows)); err != nil {
		return true, fmt.Errorf("%s/%s: %w", Folder, lastCheckpoint, err)
	}
	return true, nil
}

// checkpoint returns the content of a checkpoint of the latest version, and its number of rows.
func (h *Head) checkpoint(now int64) (content []byte, rows int, err error) {
	if err := h.Writable(); err != nil {
		return nil, 0, err
	}
	actions := []Action{{Protocol: h.state.protocol}, {Metadata: h.state.metadata}}
	for _, app := range slices.Sorted(maps.Keys(h.state.versions)) {
		actions = append(actions, Action{Txn: &Txn{AppID: app, Version: h.state.versions[app]}})
	}
	removed := slices.SortedFunc(maps.Values(h.state.removed), func(a, b Remove) int {
		return cmp.Or(cmp.Compare(a.DeletionTimestamp, b.DeletionTimestamp), strings.Compare(a.Path, b.Path))
	})
	for _, r := range removed {
		if now-r.DeletionTimestamp < removedFor {
			r.DataChange, r.PartitionValues, r.ExtendedFileMetadata = false, nil, false
			actions = append(actions, Action{Remove: &r})
		}
	}
	for _, f := range h.Files() {
		f.DataChange = false
		actions = append(actions, Action{Add: &f})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, checkpointColumns)
	defer b.Release()
	for _, a := range actions {
		text, err := rowOf(a)
		if err == nil {
			err = b.UnmarshalJSON(text)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("checkpoint: %w", err)
		}
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	var out bytes.Buffer
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false))
	w, err := pqarrow.NewFileWriter(checkpointColumns, &out, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	return out.Bytes(), len(actions), nil
}

// rowOf returns an action as JSON in the form of Arrow's builders, which read a map as a list of pairs.
func rowOf(a Action) ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // a float64 does not have all whole numbers
	var row map[string]map[string]any
	if err := dec.Decode(&row); err != nil {
		return nil, err
	}
	for _, fields := range row {
		for _, name := range []string{"partitionValues", "configuration"} {
			asPairs(fields, name)
		}
		if format, ok := fields["format"].(map[string]any); ok {
			asPairs(format, "options")
		}
	}
	return json.Marshal(row)
}

// asPairs turns a map among the fields into a list of pairs.
func asPairs(fields map[string]any, name string) {
	m, ok := fields[name].(map[string]any)
	if !ok {
		return
	}
	pairs := []any{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, map[string]any{"key": k, "value": m[k]})
	}
	fields[name] = pairs
}
