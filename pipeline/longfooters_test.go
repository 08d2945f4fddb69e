package main_test

import (
	"bytes"
	numbers "encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// longFooter is roughly how many bytes the footer of each file of the test below has.
const longFooter = 15 << 20

// withMetadata returns a copy of a parquet file. The copy's footer has a number of texts as key-value metadata, each of bytesOfEach bytes.
func withMetadata(file []byte, texts, bytesOfEach int) []byte {
	end := len(file) - 8
	footer := file[:end-1] // the last byte ends the structure
	out := bytes.Clone(footer)
	const field, list, structs = 5, 9, 0xfc
	out = append(out, list, field<<1, structs)
	out = numbers.AppendUvarint(out, uint64(texts))
	text := bytes.Repeat([]byte("x"), bytesOfEach)
	for range texts {
		out = append(out, 0x18, 1, 'k', 0x18) // key and value
		out = numbers.AppendUvarint(out, uint64(len(text)))
		out = append(append(out, text...), 0)
	}
	out = append(out, 0)
	start := len(file) - 8 - int(numbers.LittleEndian.Uint32(file[end:]))
	out = numbers.LittleEndian.AppendUint32(out, uint32(len(out)-start))
	return append(out, "PAR1"...)
}

// TestMemoryDoesNotGrowWithTheFooters reads files with the default flags. Each file has a footer of 15 MB, one long text or very many short texts; together
// the footers are larger than --max-memory. With TRIPSTATS_SOAK=1 it reads more files, and also files with thousands of row groups. A run keeps
// much of such a footer.
func TestMemoryDoesNotGrowWithTheFooters(t *testing.T) {
	small := generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: 60})
	type footers struct {
		name    string
		files   int64
		most    int64 // MiB; --max-memory is 160 by default
		rows    int64
		content []byte
	}
	files := int64(16)
	if soaking() {
		files = 40
	}
	all := []footers{
		{"a long text", files, 160, 60, withMetadata(small, 1, longFooter)},
		{"many short texts", files, 160, 60, withMetadata(small, longFooter/26, 20)},
	}
	if soaking() {
		groups := generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: 12_000, RowGroups: 12_000})
		all = append(all, footers{"row groups", 6, 160, 12_000, groups})
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if n := numbers.LittleEndian.Uint32(c.content[len(c.content)-8:]); n < longFooter*9/10 || n > 16<<20 {
				t.Fatalf("found a footer of %d bytes, expected about %d", n, longFooter)
			}
			dir := t.TempDir()
			for i := range c.files {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%d_yellow_tripdata_2023-05.parquet", i)), c.content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			for _, runner := range []string{"direct", "prism"} {
				output := t.TempDir()
				r := tripstats(t, "--input="+filepath.Join(dir, "*.parquet"), "--same-month=merge", "--output="+output, "--runner="+runner).succeeds(t)
				took := toldPeak(t, r)
				t.Logf("%s: %d MiB, %.1f s", runner, took, r.elapsed.Seconds())
				if took > c.most {
					t.Errorf("%s: the run took %d MiB of memory, expected at most %d MiB", runner, took, c.most)
				}
				if rows := readManifest(t, output).Rows; rows != c.files*c.rows {
					t.Errorf("%s: found %d rows, expected %d", runner, rows, c.files*c.rows)
				}
			}
		})
	}
}
