package tlcgen

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

// Codec is the compression of a file's pages.
type Codec string

// The codecs. Auto, also the zero value "", is the one TLC used that month:
// GZIP up to 2023-01, then ZSTD.
const (
	Auto         Codec = "auto"
	GZIP         Codec = "gzip"
	ZSTD         Codec = "zstd"
	Snappy       Codec = "snappy"
	Uncompressed Codec = "uncompressed"
)

// codecs gives the parquet codec and its level, chosen to come near the sizes
// of published files. These have the defaults of Arrow C++: zlib 9 for GZIP
// and 1 for ZSTD. The Go compressor's GZIP levels below 7 do not shrink
// bit-packed dictionary indices, and level 9 takes much longer for hardly any
// gain. ZSTD levels above 1 make timestamps smaller than the published ones.
var codecs = map[Codec]struct {
	codec compress.Compression
	level int
}{
	GZIP:         {compress.Codecs.Gzip, 7},
	ZSTD:         {compress.Codecs.Zstd, 1},
	Snappy:       {compress.Codecs.Snappy, compress.DefaultCompressionLevel},
	Uncompressed: {compress.Codecs.Uncompressed, compress.DefaultCompressionLevel},
}

// ParseCodec reads the name of a codec. The error lists the names.
func ParseCodec(s string) (Codec, error) {
	if _, ok := codecs[Codec(s)]; !ok && Codec(s) != Auto {
		return "", fmt.Errorf("tlcgen: codec %q is none of auto, gzip, zstd, snappy, uncompressed", s)
	}
	return Codec(s), nil
}

// maxRows keeps every sum of a file within 64 bits.
const maxRows = 1_000_000_000

// maxRowGroups is what the row group's ordinal in a parquet footer can count.
const maxRowGroups = 32_767

// Options say what one file holds.
type Options struct {
	Taxi  Taxi
	Month YearMonth
	Rows  int64 // 0 gives the schema and nothing more
	Seed  uint64

	// RowGroups is the number of row groups, which share the rows evenly; 0
	// means one, as in published files. It changes no row.
	RowGroups int

	// Codec changes no row either.
	Codec Codec

	// Coordinates gives the file of a month up to 2016-06 the longitudes and
	// latitudes that TLC replaced by zones in 2022, as others still have it.
	// The trips stay the same. It changes nothing in 2009 and 2010, which
	// have coordinates anyhow.
	Coordinates bool

	// OldNames, with Coordinates, gives yellow files up to 2014-12 the column
	// names of 2010, as TLC's own had then: vendor_id, pickup_datetime ... It
	// changes nothing in other files with coordinates. Without Coordinates it
	// gives files up to 2020-06 the columns of TLC's CSV files, where these
	// differ: fhv and fhvhv, and yellow and green of 2020-06.
	OldNames bool

	// JobColumns leaves out the columns that no table is made of: vendor, fare,
	// surcharges and the like. It changes nothing in the others.
	JobColumns bool

	// StringTimes gives times as text: "2015-03-01 00:07:12".
	StringTimes bool

	// Clean leaves out all dirt and flex fares: every trip starts in the month.
	// What a night of clock change does to a duration remains.
	Clean bool

	Plant Plant
}

// Check returns what is wrong with the options, or nil.
func (o Options) Check() error {
	_, err := o.check()
	return err
}

// check is Check, sets the defaults and returns the schema of the month.
func (o *Options) check() (variant, error) {
	v, err := o.variant()
	if err != nil {
		return v, err
	}
	if o.Rows < 0 || o.Rows > maxRows {
		return v, fmt.Errorf("tlcgen: %d rows: from 0 to %d can be made", o.Rows, maxRows)
	}
	if o.RowGroups < 0 || o.RowGroups > maxRowGroups {
		return v, fmt.Errorf("tlcgen: %d row groups: from 1 to %d can be made", o.RowGroups, maxRowGroups)
	}
	if err := o.Plant.check(o.Month, v); err != nil {
		return v, err
	}
	if o.RowGroups == 0 {
		o.RowGroups = 1
	}
	if o.Codec == "" || o.Codec == Auto {
		o.Codec = v.writer.codec
	}
	if _, ok := codecs[o.Codec]; !ok {
		_, err = ParseCodec(string(o.Codec))
	}
	return v, err
}
