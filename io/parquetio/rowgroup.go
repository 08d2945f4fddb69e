package parquetio

import (
	"sync"

	"tripstats/io/parquetio/thrift"
)

// rowGroup has what a footer says about a row group. It is valid until the next one is read.
type rowGroup struct {
	rows   int64
	count  int           // how many column chunks it has
	chunks []columnChunk // at most one for each column
}

// columnChunk has what a footer says about a column chunk.
type columnChunk struct {
	elsewhere []byte // the path of the other file that has the chunk, encoded; nil if it is in this file
	encrypted bool
	described bool // the footer has metadata of the chunk

	numbers   [len(chunkNumbers)]int64 // by id
	has       uint                     // a bit for the id of each number that is there
	encodings []byte                   // encoded
	path      []byte                   // encoded
	name      []byte                   // the last part of the path
}

// The fields of ColumnMetaData that are read here, and the types of the numeric ones.
const (
	metaType       = 1
	metaEncodings  = 2
	metaPath       = 3
	metaCodec      = 4
	metaValues     = 5
	metaPlainBytes = 6
	metaBytes      = 7
	metaFirstPage  = 9
	metaDictionary = 11
)

var chunkNumbers = [...]byte{
	metaType: thrift.Int32, metaCodec: thrift.Int32, metaValues: thrift.Int64, metaPlainBytes: thrift.Int64,
	metaBytes: thrift.Int64, metaFirstPage: thrift.Int64, metaDictionary: thrift.Int64,
}

// required are the fields without which a column chunk cannot be read, a bit for each id.
const required = 1<<metaType | 1<<metaCodec | 1<<metaValues | 1<<metaBytes | 1<<metaFirstPage

// chunkRooms are memory for the column chunks of a row group, which goes from footer to footer.
var chunkRooms = sync.Pool{New: func() any { return new([]columnChunk) }}

// mostChunkRoom is the most column chunks whose memory is kept.
const mostChunkRoom = 256

func takeRoom() *[]columnChunk { return chunkRooms.Get().(*[]columnChunk) }

// giveRoom gives memory to another footer.
func giveRoom(room *[]columnChunk) {
	if cap(*room) <= mostChunkRoom {
		clear(*room) // they refer to the footer
		*room = (*room)[:0]
		chunkRooms.Put(room)
	}
}

// readFirstGroup reads the first row group during the walk over the footer. If the row group is malformed, it returns false, and the walk stays where it
// was: [outline.eachGroup] then returns the error.
func (o *outline) readFirstGroup(w *thrift.Walk, typ byte) bool {
	o.room = takeRoom()
	after := *w
	g, err := readGroup(&after, typ, o.room, len(o.leaves))
	if err != nil {
		o.dropOnly()
		return false
	}
	o.only, *w = &g, after
	return true
}

// dropOnly drops the only row group, and gives its memory to another footer.
func (o *outline) dropOnly() {
	if o.room != nil {
		giveRoom(o.room)
	}
	o.only, o.room = nil, nil
}

// eachGroup calls f for each row group in turn.
func (o *outline) eachGroup(f func(i int, g rowGroup) error) error {
	if o.only != nil {
		defer o.dropOnly()
		return f(0, *o.only)
	}
	w := thrift.Walk{Bytes: o.raw, At: o.groupsAt}
	i := 0
	room := takeRoom()
	defer giveRoom(room)
	return w.List(func(typ byte) (bool, error) {
		g, err := readGroup(&w, typ, room, len(o.leaves))
		if err != nil {
			return true, err
		}
		i++
		return true, f(i-1, g)
	})
}

// readGroup reads an element of the list of row groups, and has its column chunks in room. It keeps at most so many of these: a hostile footer may
// have millions, of one byte each.
func readGroup(w *thrift.Walk, typ byte, room *[]columnChunk, most int) (rowGroup, error) {
	g := rowGroup{rows: -1, chunks: (*room)[:0]}
	if typ != thrift.Struct {
		return g, thrift.ErrMalformed
	}
	err := once(w, func(id int64, typ byte) (_ bool, err error) {
		switch {
		case id == groupRows && typ == thrift.Int64:
			g.rows, err = w.Int()
			return true, err
		case id == groupColumns && typ == thrift.List:
			return true, w.List(func(typ byte) (bool, error) {
				if typ != thrift.Struct {
					return false, thrift.ErrMalformed
				}
				if g.count++; g.count > most {
					return true, new(columnChunk).read(w)
				}
				g.chunks = append(g.chunks, columnChunk{})
				return true, g.chunks[len(g.chunks)-1].read(w)
			})
		}
		return false, nil
	})
	if len(g.chunks) > len(*room) {
		*room = g.chunks
	}
	return g, err
}

func (c *columnChunk) read(w *thrift.Walk) error {
	return once(w, func(id int64, typ byte) (bool, error) {
		start := w.At
		switch {
		case id == chunkPath && typ == thrift.Binary:
			_, err := w.Text()
			c.elsewhere = w.Bytes[start:w.At]
			return true, err
		case id == chunkCrypto && typ == thrift.Struct:
			c.encrypted = true
			return true, w.Skip(typ)
		case id == chunkMeta && typ == thrift.Struct:
			c.described = true
			return true, c.readMeta(w)
		}
		return false, nil
	})
}

func (c *columnChunk) readMeta(w *thrift.Walk) error {
	return once(w, func(id int64, typ byte) (_ bool, err error) {
		start := w.At
		switch {
		case id == metaEncodings && typ == thrift.List:
			err = w.Skip(typ)
			c.encodings = w.Bytes[start:w.At]
		case id == metaPath && typ == thrift.List:
			err = w.List(func(typ byte) (_ bool, err error) {
				if typ != thrift.Binary {
					return false, thrift.ErrMalformed
				}
				c.name, err = w.Text()
				return true, err
			})
			c.path = w.Bytes[start:w.At]
		case id > 0 && id < int64(len(chunkNumbers)) && chunkNumbers[id] != 0 && typ == chunkNumbers[id]:
			c.numbers[id], err = w.Int()
			c.has |= 1 << id
			if n := c.numbers[id]; err == nil && typ == thrift.Int32 && int64(int32(n)) != n {
				err = thrift.ErrMalformed
			}
		default:
			return false, nil
		}
		return true, err
	})
}

// span returns where the column chunk is in the file.
func (c *columnChunk) span() span {
	return spanOf(c.numbers[metaFirstPage], c.numbers[metaDictionary], c.numbers[metaBytes])
}

// place returns the span of the column chunk if it has bytes and values in this file.
func (c *columnChunk) place() (_ span, ok bool) {
	at := c.span()
	return at, c.described && c.elsewhere == nil && at.len() > 0 && c.numbers[metaValues] > 0
}

// write appends the row group to a list of row groups. It has the given column chunks only.
func (g *rowGroup) write(w *thrift.Writer, chunks []int) {
	w.Element(func(w *thrift.Writer) {
		w.List(groupColumns, thrift.Struct, len(chunks))
		for _, c := range chunks {
			w.Element(g.chunks[c].write)
		}
		w.Int(groupBytes, thrift.Int64, 0) // the format requires it; nobody reads it
		w.Int(groupRows, thrift.Int64, g.rows)
	})
}

// write encodes the column chunk, without its statistics.
func (c *columnChunk) write(w *thrift.Writer) {
	if c.elsewhere != nil {
		w.Raw(chunkPath, thrift.Binary, c.elsewhere)
	}
	w.Int(chunkOffset, thrift.Int64, 0) // the format requires it; nobody reads it
	if !c.described {
		return
	}
	w.Struct(chunkMeta, func(w *thrift.Writer) {
		for id, n := range c.numbers {
			switch {
			case id == metaEncodings && len(c.encodings) > 1:
				w.Raw(metaEncodings, thrift.List, c.encodings)
			case id == metaEncodings: // arrow-go needs a type for an empty list too
				w.List(metaEncodings, thrift.Int32, 0)
			case id == metaPath:
				w.Raw(metaPath, thrift.List, c.path)
			case c.has&(1<<id) != 0 || id == metaPlainBytes:
				w.Int(int64(id), chunkNumbers[id], n)
			}
		}
	})
}
