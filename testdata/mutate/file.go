package mutate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Field ids of parquet.thrift, as paths.
const (
	metaRowGroups  = 4 // of FileMetaData
	groupColumns   = 1 // of RowGroup
	chunkMeta      = 3 // of ColumnChunk
	metaEncodings  = 2 // of ColumnMetaData
	metaPath       = 3
	metaCodec      = 4
	metaCompressed = 7
	metaDataPage   = 9
	metaDictPage   = 11

	headerUncompressed = 2 // of PageHeader
	headerCompressed   = 3
	headerData         = 5
	headerDict         = 7
	headerDataV2       = 8
)

// File is a well-formed parquet file, taken apart as far as is needed to damage it where it hurts.
type File struct {
	data     []byte
	footerAt int // where the footer starts; it ends eight bytes before the file does
	pages    []page
}

// page is one page, with its header, of one column chunk.
type page struct {
	group, column      int // of its chunk
	name               string
	headAt, bodyAt, to int // offsets in the file
}

// needed tells whether trip statistics need the page's column.
func (p page) needed() bool {
	switch p.name {
	case "tpep_pickup_datetime", "tpep_dropoff_datetime", "lpep_pickup_datetime", "lpep_dropoff_datetime",
		"PULocationID", "DOLocationID", "passenger_count", "trip_distance", "total_amount", "tip_amount":
		return true
	}
	return false
}

// Parse takes a well-formed file apart. It keeps data, which must not change afterwards.
func Parse(data []byte) (*File, error) {
	if len(data) < 12 || string(data[len(data)-4:]) != "PAR1" {
		return nil, errors.New("mutate: not a parquet file")
	}
	n := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	if n > len(data)-12 {
		return nil, errors.New("mutate: footer longer than the file")
	}
	f := &File{data: data, footerAt: len(data) - 8 - n}
	meta, err := f.footer()
	if err != nil {
		return nil, err
	}
	for g, group := range meta.field(metaRowGroups).kids {
		for c, chunk := range group.field(groupColumns).kids {
			if err := f.addPages(g, c, chunk.field(chunkMeta)); err != nil {
				return nil, fmt.Errorf("mutate: row group %d: column %d: %w", g, c, err)
			}
		}
	}
	return f, nil
}

// footer returns the file's metadata, a new tree each time.
func (f *File) footer() (*value, error) {
	meta, _, err := parseStruct(f.data[f.footerAt : len(f.data)-8])
	if err == nil && meta.field(metaRowGroups) == nil {
		err = errors.New("mutate: no row groups")
	}
	return meta, err
}

func (f *File) addPages(group, column int, meta *value) error {
	at := int(meta.field(metaDataPage).num)
	if dict := meta.field(metaDictPage); dict != nil && dict.num > 0 {
		at = min(at, int(dict.num))
	}
	var path []string
	for _, part := range meta.field(metaPath).kids {
		path = append(path, string(part.bytes))
	}
	for end := at + int(meta.field(metaCompressed).num); at < end; {
		head, n, err := parseStruct(f.data[at:end])
		if err != nil {
			return err
		}
		p := page{group: group, column: column, name: strings.Join(path, "."), headAt: at, bodyAt: at + n}
		p.to = p.bodyAt + int(head.field(headerCompressed).num)
		if p.to > end {
			return errors.New("page longer than its column chunk")
		}
		f.pages = append(f.pages, p)
		at = p.to
	}
	return nil
}

// withFooter returns the file with another footer, and its length as it is.
func (f *File) withFooter(meta *value) []byte {
	return appendFooter(slices.Clone(f.data[:f.footerAt]), meta)
}

func appendFooter(out []byte, meta *value) []byte {
	start := len(out)
	out = meta.append(out)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(out)-start))
	return append(out, "PAR1"...)
}

// change is what a page is replaced by.
type change struct {
	head  *value
	body  []byte
	codec int64 // of its column chunk, or keepCodec
	first bool  // the column chunk begins here: no dictionary
}

const keepCodec = -1

// withHeader returns the file with another header before a page.
func (f *File) withHeader(p page, head *value) []byte {
	return f.withPages(map[page]change{p: {head: head, body: f.data[p.bodyAt:p.to], codec: keepCodec}})
}

// withPages returns the file with other pages, and a footer in which everything is where it then is.
func (f *File) withPages(changes map[page]change) []byte {
	meta := f.mustFooter()
	moved := map[int64]int64{} // page offsets, old to new
	var out []byte
	done := 0 // of f.data
	for _, p := range f.pages {
		out = append(out, f.data[done:p.headAt]...)
		moved[int64(p.headAt)], done = int64(len(out)), p.to
		c, changed := changes[p]
		if !changed {
			out = append(out, f.data[p.headAt:p.to]...)
			continue
		}
		before := len(out)
		out = append(c.head.append(out), c.body...)
		chunk := meta.field(metaRowGroups, p.group, groupColumns, p.column, chunkMeta)
		chunk.field(metaCompressed).num += int64(len(out) - before - (p.to - p.headAt))
		if c.codec != keepCodec {
			chunk.field(metaCodec).num = c.codec
		}
		if dict := chunk.field(metaDictPage); c.first && dict != nil {
			chunk.field(metaCompressed).num -= chunk.field(metaDataPage).num - dict.num
			dict.num = 0
		}
	}
	out = append(out, f.data[done:f.footerAt]...)
	for _, group := range meta.field(metaRowGroups).kids {
		for _, chunk := range group.field(groupColumns).kids {
			for _, id := range []int{metaDataPage, metaDictPage} {
				if at := chunk.field(chunkMeta, id); at != nil && at.num > 0 {
					at.num = moved[at.num]
				}
			}
		}
	}
	return appendFooter(out, meta)
}

func (f *File) mustFooter() *value {
	meta, err := f.footer()
	if err != nil {
		panic(err) // Parse has read it
	}
	return meta
}

// header returns a page's header, a new tree each time.
func (f *File) header(p page) *value {
	head, _, err := parseStruct(f.data[p.headAt:p.bodyAt])
	if err != nil {
		panic(err) // Parse has read it
	}
	return head
}
