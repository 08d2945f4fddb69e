package parquetio

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/io/parquetio/thrift"
	"tripstats/transforms/element"
)

// understood is the schema of a footer. Files with the same schema share it, so nobody writes to it.
type understood struct {
	text    []byte // as the footer has it
	values  int    // how many values the text has
	nodes   []node // the elements of the schema, depth first; the first is the root
	leaves  []int  // indices of the nodes that are columns
	strange []bool // by column: arrow-go cannot tell what its values are
	schema  *schema.Schema
	columns []element.Column // without what the row groups say
}

// knownSchemas are the schemas of the last files. Files of one writer have the same, and a small file has little more than its schema.
var knownSchemas atomic.Pointer[[]*understood]

const (
	mostSchemas     = 8
	mostSchemaBytes = 16 << 10 // of one of them
)

// schemaOfFooter returns the known schema that the given bytes of a footer begin with, or nil. At most one schema fits: the encoding of a
// schema says where it ends, so no schema is the beginning of another one.
func schemaOfFooter(footer []byte) *understood {
	if known := knownSchemas.Load(); known != nil {
		for _, u := range *known {
			if bytes.HasPrefix(footer, u.text) {
				return u
			}
		}
	}
	return nil
}

// remember keeps the schema for other files. If several files do so at once, some of the schemas are not kept.
func (u *understood) remember() {
	if len(u.text) > mostSchemaBytes {
		return
	}
	list := []*understood{u}
	if known := knownSchemas.Load(); known != nil {
		list = append(list, (*known)[:min(len(*known), mostSchemas-1)]...)
	}
	knownSchemas.Store(&list)
}

// node is an element of the schema.
type node struct {
	fields   [len(nodeTypes)][]byte // by id, encoded; nil for a field that is not there
	children int64
	top      bool // its parent is the root
}

// readSchema reads the elements of the schema and finds the columns.
func (o *understood) readSchema(w *thrift.Walk) error {
	err := w.List(func(typ byte) (bool, error) {
		if typ != thrift.Struct {
			return false, errSchema
		}
		var n node
		err := once(w, func(id int64, typ byte) (bool, error) {
			if id < 1 || id >= int64(len(nodeTypes)) || typ != nodeTypes[id] {
				return false, nil
			}
			start := w.At
			if err := w.Skip(typ); err != nil {
				return true, err
			}
			n.fields[id] = w.Bytes[start:w.At]
			return true, nil
		})
		if count := n.fields[nodeChildren]; err == nil && count != nil {
			n.children, _ = binary.Varint(count)
		}
		o.nodes = append(o.nodes, n)
		return true, err
	})
	if err != nil {
		return err
	}
	var open []int64 // for each group that the current element is in: how many children are still to come
	for i := range o.nodes {
		n := &o.nodes[i]
		if n.children < 0 || n.children > int64(len(o.nodes)) { // arrow-go would allocate as many
			return errSchema
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
		if i > 0 {
			if len(open) == 0 {
				return errSchema
			}
			open[len(open)-1]--
			n.top = len(open) == 1
			if n.children == 0 {
				o.leaves = append(o.leaves, i)
			}
		}
		if i == 0 || n.children > 0 {
			open = append(open, n.children)
		}
	}
	if slices.ContainsFunc(open, func(left int64) bool { return left > 0 }) {
		return errSchema
	}
	return nil
}

// describeColumns describes the columns as far as the schema tells.
func (o *understood) describeColumns() {
	o.columns = make([]element.Column, len(o.leaves))
	for c := range o.columns {
		// A nested column goes by its name at the top, where a needed one is looked for, and further leaves below it by
		// that and their own.
		root := o.schema.ColumnRoot(c)
		d := column(o.schema.Column(c), root.Type() == schema.Group)
		switch {
		case c == 0 || root != o.schema.ColumnRoot(c-1):
			d.Name = root.Name()
		case root.Type() == schema.Group:
			d.Name = root.Name() + "." + d.Name
		}
		if o.strange[c] {
			d.Type, d.Found = element.Unsupported, d.Found+" of a logical type that is not known here"
		}
		d.Leaf = c
		o.columns[c] = d
	}
}
