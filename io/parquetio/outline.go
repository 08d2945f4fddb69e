package parquetio

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/apache/arrow-go/v18/parquet/metadata"

	"tripstats/io/parquetio/thrift"
)

// outline has the parts of a footer that this program needs. It is read from the bytes of the footer: the objects that arrow-go
// makes of a whole footer need much more memory, and arrow-go refuses a file with an unknown type even if nobody reads that
// column.
type outline struct {
	raw      []byte // the whole footer
	rows     int64
	groups   int // number of row groups
	groupsAt int // where the list of row groups begins in raw

	createdBy []byte // the program that wrote the file, encoded: arrow-go works around known faults of some programs

	only *rowGroup      // the row group of a footer with only one, until eachGroup has passed it on; most small files have only one
	room *[]columnChunk // the memory of only's column chunks

	*understood
}

// The fields of parquet.thrift that are read here.
const (
	footerVersion   = 1 // of FileMetaData
	footerSchema    = 2
	footerRows      = 3
	footerGroups    = 4
	footerCreatedBy = 6

	nodeName     = 4 // of SchemaElement
	nodeChildren = 5
	nodeLogical  = 10

	groupColumns = 1 // of RowGroup
	groupBytes   = 2
	groupRows    = 3

	chunkPath   = 1 // of ColumnChunk
	chunkOffset = 2
	chunkMeta   = 3
	chunkCrypto = 8
)

// nodeTypes are the types of the fields of a SchemaElement.
var nodeTypes = [...]byte{
	1: thrift.Int32, 2: thrift.Int32, 3: thrift.Int32, 4: thrift.Binary, 5: thrift.Int32, 6: thrift.Int32, 7: thrift.Int32,
	8: thrift.Int32, 9: thrift.Int32, 10: thrift.Struct,
}

// plainFields is the last of the fields that an element of any type has: physical type, length, repetition and name.
const plainFields = 4

var (
	errTwice  = errors.New("a field of its Thrift structure is there twice")
	errSchema = errors.New("its schema contradicts itself")
)

// once walks over a struct. Like Thrift's own readers it skips fields of other types than expected. Unlike them it refuses a
// field that is there twice, because readers differ in which of the two they take.
func once(w *thrift.Walk, f func(id int64, typ byte) (bool, error)) error {
	seen := uint64(0)
	return w.Fields(func(id int64, typ byte) (bool, error) {
		known, err := f(id, typ)
		if err == nil && known && id >= 0 && id < 64 {
			if seen&(1<<id) != 0 {
				return known, errTwice
			}
			seen |= 1 << id
		}
		return known, err
	})
}

// outlineOf reads a footer, without its row groups: see [outline.eachGroup].
func outlineOf(raw []byte) (*outline, error) {
	o, err := readOutline(raw)
	if err == nil {
		return o, nil
	}
	if err := checkFooter(raw); err != nil { // its error says more, so it takes precedence
		return nil, err
	}
	return nil, err
}

// readOutline is outlineOf, but its errors say less. It refuses every footer that checkFooter refuses, and needs no walk of its own for this.
func readOutline(raw []byte) (o *outline, err error) {
	o = &outline{raw: raw, groupsAt: -1}
	counted := false
	w := thrift.Walk{Bytes: raw, Most: maxFooterValues}
	err = once(&w, func(id int64, typ byte) (bool, error) {
		start, before := w.At, w.Values
		switch {
		case id == footerSchema && typ == thrift.List:
			if o.understood = schemaOfFooter(raw[start:]); o.understood != nil {
				w.At += len(o.text)
				if w.Values += o.values; w.Values > w.Most {
					return true, thrift.ErrMany
				}
				return true, nil
			}
			if err := w.Skip(typ); err != nil {
				return true, err
			}
			if err := checkSchema(w.At-start, w.Values-before+1); err != nil {
				return true, err
			}
			o.understood = &understood{text: bytes.Clone(raw[start:w.At]), values: w.Values - before}
			return true, o.readSchema(&thrift.Walk{Bytes: o.text})
		case id == footerSchema: // it has another type, so it is checked, but not read
			after := w
			if err := after.Skip(typ); err != nil {
				return false, err
			}
			return false, checkSchema(after.At-start, after.Values-before+1)
		case id == footerRows && typ == thrift.Int64:
			counted = true
			o.rows, err = w.Int()
			return true, err
		case id == footerGroups && typ == thrift.List:
			o.groupsAt = start
			return true, w.List(func(typ byte) (bool, error) {
				o.groups++
				return o.groups == 1 && o.understood != nil && o.readFirstGroup(&w, typ), nil
			})
		case id == footerCreatedBy && typ == thrift.Binary:
			text, err := w.Text()
			if err == nil && len(text) <= maxTextBytes {
				o.createdBy = raw[start:w.At]
			}
			return true, err
		}
		return false, nil
	})
	if o.groups > 1 {
		o.dropOnly()
	}
	switch {
	case err != nil:
		return nil, err
	case !counted || o.groupsAt < 0:
		return nil, errors.New("it does not say how many rows it has, or in which row groups")
	case o.understood == nil || len(o.leaves) == 0:
		return nil, errors.New("no columns in the schema")
	case o.schema == nil:
		if err := o.understand(); err != nil {
			return nil, err
		}
		o.describeColumns()
		o.remember()
	}
	return o, nil
}

// understand makes arrow-go's schema. Columns that arrow-go does not understand lose their logical type.
func (o *outline) understand() error {
	o.strange = make([]bool, len(o.leaves))
	for c, i := range o.leaves {
		o.strange[c] = !emptyWhereDue(o.nodes[i].fields[nodeLogical])
	}
	meta, err := parsed(o.withoutGroups(nil))
	if err != nil {
		for c := range o.leaves {
			if _, err := parsed(o.withoutGroups([]int{c})); err != nil {
				o.strange[c] = true
			}
		}
		if meta, err = parsed(o.withoutGroups(nil)); err != nil {
			return err
		}
	}
	if meta.Schema.NumColumns() != len(o.leaves) {
		return errSchema
	}
	o.schema = meta.Schema
	return nil
}

// parsed parses a footer with arrow-go.
func parsed(footer []byte) (meta *metadata.FileMetaData, err error) {
	defer func() {
		if r := recover(); r != nil {
			meta, err = nil, damage(r)
		}
	}()
	return metadata.NewFileMetaData(footer, nil)
}

// emptyWhereDue tells whether a logical type, which is a union of structs, is empty if the format says so. One flipped bit turns INTEGER
// into UNKNOWN, whose values are not read; but the contents of INTEGER are still there, and show the damage.
func emptyWhereDue(logical []byte) bool {
	const decimal, times, timestamp, integer, variant = 5, 7, 8, 10, 16
	if logical == nil {
		return true
	}
	w, empty := thrift.Walk{Bytes: logical}, true
	err := w.Fields(func(id int64, typ byte) (bool, error) {
		switch id {
		case decimal, times, timestamp, integer:
			return false, nil
		}
		if id >= variant { // these may have contents
			return false, nil
		}
		return true, w.Fields(func(int64, byte) (bool, error) { empty = false; return false, nil })
	})
	return err == nil && empty
}

// writer returns the name of the program that wrote the file.
func (o *outline) writer() string {
	w := thrift.Walk{Bytes: o.createdBy}
	text, err := w.Text()
	if err != nil {
		return ""
	}
	return string(text)
}

// footer encodes a footer with what reading the given columns needs; nil means all columns.
func (o *outline) footer(columns []int) ([]byte, error) {
	size := 256
	if columns != nil {
		size += 64 * len(columns) * (1 + o.groups)
	}
	w := o.head(columns, size)
	w.List(footerGroups, thrift.Struct, o.groups)
	err := o.eachGroup(func(_ int, g rowGroup) error {
		kept := columns
		if columns == nil {
			kept = o.all()
		}
		g.write(w, kept)
		return nil
	})
	return o.tail(w), err
}

// all returns the indices of all columns.
func (o *outline) all() []int {
	all := make([]int, len(o.leaves))
	for c := range all {
		all[c] = c
	}
	return all
}

// head begins a footer, with the schema of the given columns, which must be at the top level, or of all columns.
func (o *outline) head(columns []int, size int) *thrift.Writer {
	w := &thrift.Writer{Bytes: make([]byte, 0, size)}
	w.Int(footerVersion, thrift.Int32, 1)
	if columns == nil {
		w.List(footerSchema, thrift.Struct, len(o.nodes))
		column := 0 // the next one
		for i := range o.nodes {
			plain := false
			if column < len(o.leaves) && o.leaves[column] == i {
				plain = o.strange[column]
				column++
			}
			w.Element(func(w *thrift.Writer) { o.nodes[i].write(w, plain) })
		}
	} else {
		w.List(footerSchema, thrift.Struct, 1+len(columns))
		var root node // without its own name, which may be long
		root.fields[nodeName] = []byte("\x06schema")
		root.fields[nodeChildren] = binary.AppendVarint(nil, int64(len(columns)))
		w.Element(func(w *thrift.Writer) { root.write(w, false) })
		for _, c := range columns {
			w.Element(func(w *thrift.Writer) { o.nodes[o.leaves[c]].write(w, o.strange[c]) })
		}
	}
	w.Int(footerRows, thrift.Int64, o.rows)
	return w
}

// tail ends the footer that [outline.head] began.
func (o *outline) tail(w *thrift.Writer) []byte {
	if o.createdBy != nil {
		w.Raw(footerCreatedBy, thrift.Binary, o.createdBy)
	}
	return append(w.Bytes, 0)
}

// withoutGroups encodes a footer without row groups, with the schema of the given columns; nil means all columns.
func (o *outline) withoutGroups(columns []int) []byte {
	w := o.head(columns, 256)
	w.List(footerGroups, thrift.Struct, 0)
	return o.tail(w)
}

// write encodes an element of the schema. A plain one is written without its logical type.
func (n *node) write(w *thrift.Writer, plain bool) {
	for id, value := range n.fields {
		if value != nil && !(plain && id > plainFields && id != nodeChildren) {
			w.Raw(int64(id), nodeTypes[id], value)
		}
	}
}
