package pages_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/io/parquetio/pages"
)

// rowsBefore reads a column chunk in batches of a few rows until there is an error, and returns the values before it.
func rowsBefore(data []byte, c pages.Chunk) (values []uint64, err error) {
	return rowsWithin(1<<30, data, c)
}

// rowsWithin is rowsBefore with so many bytes of memory.
func rowsWithin(memory int, data []byte, c pages.Chunk) (values []uint64, err error) {
	const batch = 16
	r := new(pages.Reader[uint64])
	r.Use(&unlimited{left: memory})
	defer r.Release()
	r.Open(bytes.NewReader(data), c)
	bitmap := make([]byte, batch/8)
	for int64(len(values)) < c.Rows {
		buf := make([]uint64, min(batch, c.Rows-int64(len(values))))
		if _, err := r.Read(buf, bitmap); err != nil {
			return values, err
		}
		values = append(values, buf...)
	}
	return values, r.Done()
}

// TestDamageInAPageLeavesTheRowsBeforeIt damages column chunks of few and of many GZIP pages, of literals and of matches, at each place. Pages are
// inflated two or three at once, and some of them together with a dictionary. The rows of all pages but the damaged page and the two before it must be
// read, whichever pages are inflated together.
func TestDamageInAPageLeavesTheRowsBeforeIt(t *testing.T) {
	const pageBytes = 4 << 10
	for _, dictionary := range []bool{false, true} {
		for _, kind := range []string{"many values, required", "few values, required", "one value"} {
			for _, rows := range []int{300, 500, 1000, 1500, 2000, 2600, 3100, 5000} {
				f := form{typ: types[1], codec: compress.Codecs.Gzip, dictionary: dictionary, pageBytes: pageBytes}
				c := columns(rows)[kind]
				data := write(t, c, f)
				chunk, _ := chunkOf(t, data)
				where := fmt.Sprintf("%s, %d rows, dictionary=%v", kind, rows, dictionary)
				good, err := rowsBefore(data, chunk)
				if err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				if c.valid == nil && !slices.Equal(good, c.values) {
					t.Fatalf("%s: other values", where)
				}
				perPage := rows
				if !dictionary {
					perPage = min(rows, pageBytes/8+64)
				}
				for at := chunk.Off; at < chunk.Off+chunk.Size; at += 1 + chunk.Size/61 {
					damaged := bytes.Clone(data)
					damaged[at] ^= 0x10
					got, err := rowsBefore(damaged, chunk)
					if err == nil {
						continue // the bit is one that nobody reads, such as a time in a header of GZIP
					}
					before := int(at-chunk.Off)*rows/int(chunk.Size) - 3*perPage
					switch {
					case len(got) < before:
						t.Errorf("%s: damage at byte %d of %d: found %d rows before it, expected at least %d: %v", where, at-chunk.Off, chunk.Size, len(got), before, err)
					case before > 0 && !slices.Equal(got[:before], good[:before]):
						t.Errorf("%s: damage at byte %d of %d: other values before it", where, at-chunk.Off, chunk.Size)
					}
				}
			}
		}
	}
}

// TestPagesAreInflatedTogetherWithinTheBudget reads column chunks with less and less memory. A column chunk that can be read two pages at a time must be
// read, even if there is no memory for a third page, or for pages together with a dictionary.
func TestPagesAreInflatedTogetherWithinTheBudget(t *testing.T) {
	const rows, pageBytes = 60_000, 64 << 10
	for _, dictionary := range []bool{false, true} {
		f := form{typ: types[1], codec: compress.Codecs.Gzip, dictionary: dictionary, pageBytes: pageBytes}
		c := columns(rows)["many values, required"]
		data := write(t, c, f)
		chunk, _ := chunkOf(t, data)
		least := 0
		for left := 1 << 20; left > 0; left -= 10 << 10 {
			values, _, _, err := ours[uint64](data, chunk, 1000, false, &unlimited{left: left})
			if err != nil {
				least = left
				break
			}
			if !slices.Equal(values, c.values) {
				t.Fatalf("dictionary=%v, %d bytes: other values", dictionary, left)
			}
		}
		t.Logf("dictionary=%v: %d bytes are too few", dictionary, least)
		if most := 4*pageBytes*5/4 + (256<<10)*5/4 + len(c.values)*8; least > most {
			t.Errorf("dictionary=%v: found that %d bytes are too few, expected at most %d", dictionary, least, most)
		}
	}
}
