package delta

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/io/parquetio/budget"
	"tripstats/io/parquetio/thrift"
)

// Limits on what a checkpoint may make its reader allocate.
const (
	maxFooterValues  = 1 << 20
	maxSchemaProduct = 192 << 20 // the number of values in the schema times its bytes, because arrow-go keeps a path for each column
	maxRows          = 4 << 20
	maxPageBytes     = 64 << 20
	maxDecodeBytes   = 256 << 20
	batchRows        = 1024
)

// errPages is the error of pages beyond maxDecodeBytes.
var errPages = fmt.Errorf("its pages need more than %d MiB", maxDecodeBytes>>20)

// cell is a value of a checkpoint's row, or null.
type cell struct {
	text   string
	number int64
	null   bool
}

// leaves are the columns of a checkpoint that are read, by their path. The path leaves out the names in the middle of maps and lists.
// Each row of a checkpoint has one action; the columns of all other actions are null in it.
var leaves = map[string]func(*row, cell){
	"add.path":                          func(r *row, c cell) { r.add().Path = c.text },
	"add.size":                          func(r *row, c cell) { r.add().Size = c.number },
	"add.modificationTime":              func(r *row, c cell) { r.add().ModificationTime = c.number },
	"add.partitionValues.key":           func(r *row, c cell) { r.keys = append(r.keys, c.text) },
	"add.partitionValues.value":         func(r *row, c cell) { r.values = append(r.values, c) },
	"add.deletionVector.storageType":    func(r *row, c cell) { r.vector().StorageType = c.text },
	"add.deletionVector.pathOrInlineDv": func(r *row, c cell) { r.vector().PathOrInlineDv = c.text },
	"add.deletionVector.offset":         func(r *row, c cell) { r.vector().Offset = &c.number },

	"metaData.id":              func(r *row, c cell) { r.metadata().ID = c.text },
	"metaData.name":            func(r *row, c cell) { r.metadata().Name = c.text },
	"metaData.description":     func(r *row, c cell) { r.metadata().Description = c.text },
	"metaData.format.provider": func(r *row, c cell) { r.metadata().Format.Provider = c.text },
	"metaData.schemaString":    func(r *row, c cell) { r.metadata().SchemaString = c.text },
	"metaData.partitionColumns.": func(r *row, c cell) {
		r.metadata().PartitionColumns = append(r.metadata().PartitionColumns, c.text)
	},
	"metaData.configuration.key":   func(r *row, c cell) { r.keys = append(r.keys, c.text) },
	"metaData.configuration.value": func(r *row, c cell) { r.values = append(r.values, c) },
	"metaData.createdTime":         func(r *row, c cell) { r.metadata().CreatedTime = c.number },
	"protocol.minReaderVersion":    func(r *row, c cell) { r.protocol().MinReaderVersion = int(c.number) },
	"protocol.minWriterVersion":    func(r *row, c cell) { r.protocol().MinWriterVersion = int(c.number) },
	"protocol.readerFeatures.":     func(r *row, c cell) { r.protocol().ReaderFeatures = append(r.protocol().ReaderFeatures, c.text) },
	"protocol.writerFeatures.":     func(r *row, c cell) { r.protocol().WriterFeatures = append(r.protocol().WriterFeatures, c.text) },

	"txn.appId":   func(r *row, c cell) { r.txn().AppID = c.text },
	"txn.version": func(r *row, c cell) { r.txn().Version = c.number },
}

// removedLeaves are the columns of a checkpoint that only a writer reads: the files that were removed.
var removedLeaves = map[string]func(*row, cell){
	"remove.path":              func(r *row, c cell) { r.remove().Path = c.text },
	"remove.deletionTimestamp": func(r *row, c cell) { r.remove().DeletionTimestamp = c.number },
	"remove.size":              func(r *row, c cell) { r.remove().Size = c.number },
}

// row is what is read of a row of a checkpoint.
type row struct {
	Action
	keys   []string // the keys of the row's map: partitionValues or configuration
	values []cell
}

func (r *row) add() *Add {
	if r.Add == nil {
		r.Add = &Add{}
	}
	return r.Add
}

func (r *row) remove() *Remove {
	if r.Remove == nil {
		r.Remove = &Remove{}
	}
	return r.Remove
}

func (r *row) vector() *DeletionVector {
	if r.add().DeletionVector == nil {
		r.Add.DeletionVector = &DeletionVector{}
	}
	return r.Add.DeletionVector
}

func (r *row) metadata() *Metadata {
	if r.Metadata == nil {
		r.Metadata = &Metadata{}
	}
	return r.Metadata
}

func (r *row) protocol() *Protocol {
	if r.Protocol == nil {
		r.Protocol = &Protocol{}
	}
	return r.Protocol
}

func (r *row) txn() *Txn {
	if r.Txn == nil {
		r.Txn = &Txn{}
	}
	return r.Txn
}

// action returns the row as an action.
func (r *row) action() (Action, error) {
	if len(r.values) > len(r.keys) {
		return r.Action, errors.New("found a map with more values than keys")
	}
	value := func(i int) cell {
		if i < len(r.values) {
			return r.values[i]
		}
		return cell{null: true}
	}
	switch {
	case r.Add != nil && r.Add.Path == "":
		return r.Action, errors.New("found a file without a path")
	case r.Add != nil:
		r.Add.PartitionValues = map[string]*string{}
		for i, k := range r.keys {
			r.Add.PartitionValues[k] = nil
			if v := value(i); !v.null {
				r.Add.PartitionValues[k] = &v.text
			}
		}
	case r.Metadata != nil:
		r.Metadata.Configuration = map[string]string{}
		for i, k := range r.keys {
			r.Metadata.Configuration[k] = value(i).text
		}
	}
	return r.Action, nil
}

// addCheckpoint applies the actions of one part of a checkpoint.
func (s *state) addCheckpoint(ctx context.Context, content []byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil { // the library panics at bytes that it does not expect
			err = fmt.Errorf("the checkpoint is damaged: %v", cause)
		}
	}()
	if err := checkFooter(content); err != nil {
		return err
	}
	props := parquet.NewReaderProperties(budget.New(maxDecodeBytes, errPages))
	props.BufferedStreamEnabled, props.MaxUncompressedPageSize = true, maxPageBytes
	r, err := file.NewParquetReader(bytes.NewReader(content), file.WithReadProps(props))
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read from memory
	if n := r.NumRows(); n < 0 || n > maxRows {
		return fmt.Errorf("found %d rows, at most %d are read", n, maxRows)
	}
	left := int64(maxKeptBytes)
	for g := range r.NumRowGroups() {
		rows, err := s.rowsOf(ctx, r, g, &left)
		if err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
		for i, one := range rows {
			if one == nil {
				continue
			}
			a, err := one.action()
			if err == nil {
				err = s.add(a)
			}
			if err != nil {
				return fmt.Errorf("row group %d: row %d: %w", g, i, err)
			}
		}
	}
	return nil
}

// rowsOf reads the rows of a row group whose action is needed. It subtracts the bytes of their texts from left.
func (s *state) rowsOf(ctx context.Context, r *file.Reader, group int, left *int64) ([]*row, error) {
	g := r.RowGroup(group)
	n := g.NumRows()
	if n < 0 || n > maxRows {
		return nil, fmt.Errorf("found %d rows, at most %d are read", n, maxRows)
	}
	rows := make([]*row, n)
	for c := range r.MetaData().Schema.NumColumns() {
		column := r.MetaData().Schema.Column(c)
		set := leaves[leafOf(column)]
		if set == nil && s.full {
			set = removedLeaves[leafOf(column)]
		}
		if set == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		reader, err := g.Column(c)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", column.Path(), err)
		}
		if err := readLeaf(reader, column, rows, set, left); err != nil {
			return nil, fmt.Errorf("column %q: %w", column.Path(), err)
		}
	}
	return rows, nil
}

// leafOf returns the path of a column without the names in the middle of maps and lists, because each writer chooses these names.
func leafOf(c *schema.Column) string {
	parts := strings.Split(c.Path(), ".")
	if c.MaxRepetitionLevel() == 0 || len(parts) < 3 {
		return c.Path()
	}
	last := parts[len(parts)-1]
	if last != "key" && last != "value" { // an element of a list
		last = ""
	}
	return strings.Join(parts[:2], ".") + "." + last
}

// readLeaf reads a column of a row group and sets its values in the rows.
func readLeaf(reader file.ColumnChunkReader, column *schema.Column, rows []*row, set func(*row, cell), left *int64) error {
	most, repeated := column.MaxDefinitionLevel(), column.MaxRepetitionLevel() > 0
	if column.MaxRepetitionLevel() > 1 {
		return errors.New("found a list in a list, expected none")
	}
	// A value of a map may be null where its key is not.
	isValue := repeated && strings.HasSuffix(column.Path(), ".value") && column.SchemaNode().RepetitionType() == parquet.Repetitions.Optional
	def, rep := make([]int16, batchRows), make([]int16, batchRows)
	texts, longs, ints := make([]parquet.ByteArray, batchRows), make([]int64, batchRows), make([]int32, batchRows)
	at := -1
	for {
		var n int64
		var err error
		var value func(i int) cell
		switch r := reader.(type) {
		case *file.ByteArrayColumnChunkReader:
			n, _, err = r.ReadBatch(batchRows, texts, def, rep)
			value = func(i int) cell { return cell{text: string(texts[i])} }
		case *file.Int64ColumnChunkReader:
			n, _, err = r.ReadBatch(batchRows, longs, def, rep)
			value = func(i int) cell { return cell{number: longs[i]} }
		case *file.Int32ColumnChunkReader:
			n, _, err = r.ReadBatch(batchRows, ints, def, rep)
			value = func(i int) cell { return cell{number: int64(ints[i])} }
		default:
			return fmt.Errorf("found %s, expected text or a whole number", column.PhysicalType())
		}
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		next := 0 // the index of the next value that is not null
		for i := range int(n) {
			if !repeated || rep[i] == 0 {
				at++
			}
			if at < 0 || at >= len(rows) {
				return fmt.Errorf("found more rows than the %d of its row group", len(rows))
			}
			c := cell{null: true}
			switch {
			case most == 0 || def[i] == most:
				c = value(next)
				next++
				if *left -= int64(len(c.text)) + 64; *left < 0 {
					return fmt.Errorf("found texts of more than %d MiB", maxKeptBytes>>20)
				}
			case !isValue || def[i] != most-1:
				continue
			}
			if rows[at] == nil {
				rows[at] = &row{}
			}
			set(rows[at], c)
		}
	}
	if at+1 != len(rows) {
		return fmt.Errorf("found %d rows, expected the %d of its row group", at+1, len(rows))
	}
	return nil
}

// checkFooter walks over a footer's values before arrow-go makes objects of them.
func checkFooter(content []byte) error {
	size := len(content)
	if size < 12 || string(content[size-4:]) != "PAR1" {
		return errors.New("the checkpoint is not parquet, or cut short")
	}
	n := int(binary.LittleEndian.Uint32(content[size-8:]))
	if n > size-12 {
		return errors.New("the checkpoint is cut short or damaged")
	}
	w := thrift.Walk{Bytes: content[size-8-n : size-8], Most: maxFooterValues}
	err := w.Fields(func(id int64, typ byte) (bool, error) {
		const schema = 2 // the field of FileMetaData
		if id != schema {
			return false, nil
		}
		start, before := w.At, w.Values
		if err := w.Skip(typ); err != nil {
			return true, err
		}
		if (w.Values-before+1)*(w.At-start) > maxSchemaProduct {
			return true, errors.New("its schema is too wide")
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("the checkpoint's footer: %w", err)
	}
	return nil
}
