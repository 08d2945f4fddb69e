package tlcgen

import (
	"errors"
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
// and 1 for ZSTD. Of the Go compressor's GZIP levels, those below 7 do not
// shrink bit-packed dictionary indices (16.2 instead of 15.4 bytes a row), and
// 9 takes six times as long for 1 % less. ZSTD above 1 makes timestamps smaller
// than the published ones.
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
	Month Month
	Rows  int64 // 0 gives the schema and nothing more
	Seed  uint64

	// RowGroups is the number of row groups, which share the rows evenly; 0
	// means one, as in published files. It changes no row.
	RowGroups int

	// Codec changes no row either.
	Codec Codec

	// Clean leaves out all dirt and flex fares: every trip starts in the month.
	// What a night of clock change does to a duration remains.
	Clean bool

	Plant Plant
}

// Plant puts values into a file that published files do not have, for tests of
// what must happen then. Each count is a number of rows, spread evenly and
// exact as long as the file has that many rows; the other values of such rows,
// and all other rows, stay what they would be.
type Plant struct {
	NaN             int64 // NaN as trip_distance, total_amount or tip_amount in turn
	Inf             int64 // +Inf, likewise
	NullPickup      int64 // null pickup time
	NullDropoff     int64
	NullPickupZone  int64
	NullDropoffZone int64
}

// apply plants into row i of n.
func (p *Plant) apply(r *row, i, n int64) {
	if *p == (Plant{}) {
		return
	}
	// at tells the number of the planted row, or -1. offset keeps the kinds
	// off each other's rows where they can be.
	at := func(count, offset int64) int64 {
		j, count := (i+offset)%n, min(count, n)
		if k := (j + 1) * count / n; k > j*count/n {
			return k
		}
		return -1
	}
	floats := [...]field{fDistance, fTotal, fTip}
	if k := at(p.NaN, 0); k >= 0 {
		r.v[floats[k%3]] = valueNaN
	}
	if k := at(p.Inf, 1); k >= 0 {
		r.v[floats[k%3]] = valueInf
	}
	for j, null := range [...]struct {
		count int64
		field field
	}{
		{p.NullPickup, fPickup}, {p.NullDropoff, fDropoff},
		{p.NullPickupZone, fPickupZone}, {p.NullDropoffZone, fDropoffZone},
	} {
		if at(null.count, int64(2+j)) >= 0 {
			r.nulls |= setOf(null.field)
		}
	}
}

// Check returns what is wrong with the options, or nil.
func (o Options) Check() error {
	_, err := o.check()
	return err
}

// check is Check, sets the defaults and returns the schema of the month.
func (o *Options) check() (variant, error) {
	v, err := variantOf(o.Taxi, o.Month)
	if err != nil {
		return v, err
	}
	if o.Rows < 0 || o.Rows > maxRows {
		return v, fmt.Errorf("tlcgen: %d rows: from 0 to %d can be made", o.Rows, maxRows)
	}
	if o.RowGroups < 0 || o.RowGroups > maxRowGroups {
		return v, fmt.Errorf("tlcgen: %d row groups: from 1 to %d can be made", o.RowGroups, maxRowGroups)
	}
	for _, n := range [...]int64{o.Plant.NaN, o.Plant.Inf, o.Plant.NullPickup, o.Plant.NullDropoff,
		o.Plant.NullPickupZone, o.Plant.NullDropoffZone} {
		if n < 0 {
			return v, errors.New("tlcgen: a negative number of rows to plant")
		}
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
