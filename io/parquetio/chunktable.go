package parquetio

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/io/parquetio/pages"
	"tripstats/io/parquetio/thrift"
	"tripstats/transforms/element"
)

// chunkTable keeps what is needed of a footer to read the file: the column chunks of some row groups, for the columns that are read. A file may have a
// hundred thousand of them, so each takes few bytes. Where arrow-go reads a column chunk, it gets a footer of that chunk alone: see forLibrary.
type chunkTable struct {
	*understood

	rows    []int64 // by row group of the file
	writer  string  // the program that wrote the file
	padding int     // how many zeros it may have put after a page's values, bytes
	leaves  []int   // by column of the projection: its place in the schema
	first   int     // the row group of the first chunks
	chunks  []neededChunk
}

// neededChunk has what a chunkTable keeps of a column chunk.
type neededChunk struct {
	firstPage  int64 // where the first data page is
	dictionary int64 // 0 if the footer gives no place for it
	size       int64
	values     int64
	codec      int32
	encrypted  bool
	elsewhere  bool // in another file
	joined     bool // its values have a fixed length and are joined from parts: see partsOnly
}

// read fills the table from f.Metadata if that was kept, otherwise from the footer in r. Its errors do not name f.
func (t *chunkTable) read(f element.Recognised, r io.ReaderAt, groups element.Range) error {
	take := func(raw []byte) error {
		o, err := outlineOf(raw)
		if err != nil {
			return err
		}
		return t.fill(o, f, groups)
	}
	if f.Metadata != nil {
		return take(f.Metadata)
	}
	return withFooter(r, f.Size, func(raw []byte) error {
		if sumOf(raw) != f.MetadataSum {
			return errors.New("found another footer than before; the file changed while it was read: run again when nothing writes to it any more")
		}
		return take(raw)
	})
}

// fill takes what is needed from an outline. Nothing in the table then refers to the footer, which may be long. The table shares the schema with other
// files if it is short. Otherwise it has a schema of the needed columns alone: the names of the others may be long too.
func (t *chunkTable) fill(o *outline, f element.Recognised, groups element.Range) error {
	t.understood, t.rows, t.writer, t.first = o.understood, f.UnitRows, o.writer(), groups.Start
	t.padding = paddingBy(t.writer)
	t.leaves, t.chunks = t.leaves[:0], t.chunks[:0]
	for _, c := range f.Projection {
		leaf := f.Columns[c].Leaf
		if f.Metadata != nil {
			leaf = c // what is kept of a footer has the columns of f
		}
		if leaf < 0 || leaf >= len(o.leaves) || !o.nodes[o.leaves[leaf]].top {
			return errSchema
		}
		t.leaves = append(t.leaves, leaf)
	}
	all := len(t.leaves) * (groups.End - groups.Start)
	if cap(t.chunks) < all {
		t.chunks = make([]neededChunk, 0, all)
	}
	err := o.eachGroup(func(i int, g rowGroup) error {
		if i < groups.Start || i >= groups.End {
			return nil
		}
		if g.rows != t.rows[i] || g.count != len(o.leaves) {
			return thrift.ErrMalformed
		}
		for _, leaf := range t.leaves {
			c := &g.chunks[leaf]
			if !c.described || c.has&required != required {
				return thrift.ErrMalformed
			}
			t.chunks = append(t.chunks, neededChunk{
				firstPage: c.numbers[metaFirstPage], dictionary: c.numbers[metaDictionary], size: c.numbers[metaBytes], values: c.numbers[metaValues],
				codec: int32(c.numbers[metaCodec]), encrypted: c.encrypted, elsewhere: c.elsewhere != nil,
				joined: o.schema.Column(leaf).PhysicalType() == parquet.Types.FixedLenByteArray && partsOnly(c.encodings),
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(t.chunks) != all:
		return thrift.ErrMalformed
	case len(o.text) <= mostSchemaBytes:
		return nil
	}
	narrow, err := outlineOf(o.withoutGroups(t.leaves))
	if err != nil {
		return err
	}
	t.understood = narrow.understood
	for column := range t.leaves {
		t.leaves[column] = column
	}
	return nil
}

// column returns the schema's column of a place in the projection.
func (t *chunkTable) column(column int) *schema.Column { return t.schema.Column(t.leaves[column]) }

// at returns the column chunk of a row group of the file and a column of the projection.
func (t *chunkTable) at(group, column int) *neededChunk {
	return &t.chunks[(group-t.first)*len(t.leaves)+column]
}

// span returns where the column chunk is in the file.
func (c *neededChunk) span() span { return spanOf(c.firstPage, c.dictionary, c.size) }

// forPages returns a column chunk for package pages. It returns false if that package does not read it.
func (t *chunkTable) forPages(group, column int) (pages.Chunk, bool) {
	c, rows := t.at(group, column), t.rows[group]
	codec, known := pageCodec(compress.Compression(c.codec))
	if !known || c.encrypted || c.elsewhere || c.values != rows {
		return pages.Chunk{}, false
	}
	at := c.span()
	return pages.Chunk{
		Off: at.off, Size: at.len(), Rows: rows, Optional: t.column(column).MaxDefinitionLevel() == 1, Padding: t.padding, Codec: codec, Dict: at.off < c.firstPage,
	}, true
}

// forLibrary makes arrow-go's objects of a file that has only this column chunk. Its cost does not depend on the other columns.
func (t *chunkTable) forLibrary(group, column int) (*metadata.FileMetaData, error) {
	c, rows := t.at(group, column), t.rows[group]
	chunk := columnChunk{described: true, has: required | 1<<metaDictionary, path: []byte{thrift.Binary}} // arrow-go needs a path, which may be empty
	chunk.numbers = [len(chunkNumbers)]int64{
		metaType: int64(t.column(column).PhysicalType()), metaCodec: int64(c.codec), metaValues: c.values, metaBytes: c.size,
		metaFirstPage: c.firstPage, metaDictionary: c.dictionary,
	}
	o := outline{rows: rows, understood: t.understood}
	o.createdBy = append(binary.AppendUvarint(nil, uint64(len(t.writer))), t.writer...)
	w := o.head([]int{t.leaves[column]}, 256)
	w.List(footerGroups, thrift.Struct, 1)
	(&rowGroup{rows: rows, chunks: []columnChunk{chunk}}).write(w, []int{0})
	return parsed(o.tail(w))
}
