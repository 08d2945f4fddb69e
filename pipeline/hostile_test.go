package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/testdata/mutate"
	"tripstats/testdata/tlcgen"
)

// TestBombsAreRefusedWithinBounds reads small files that claim to have gigabytes, or decompress to gigabytes.
func TestBombsAreRefusedWithinBounds(t *testing.T) {
	paths := writeBombs(t)
	program(t)
	lowerOwnPeak()
	for i, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), "_2023-05.parquet")
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := runOnce(t, command{
				args: []string{"--input=" + path, "--output=out", "--runner=" + runnerNames[i%2]}, dir: dir, limit: mostTime,
			})
			r.fails(t, 3, filepath.Base(path))
			if r.maxRSS > mostMemory {
				t.Errorf("took %d MiB of memory, at most %d are allowed", r.maxRSS>>20, mostMemory>>20)
			}
			t.Logf("%d MiB, %.2f s: %s", r.maxRSS>>20, r.elapsed.Seconds(), r.lines())
		})
	}
}

// writeBombs writes all bombs as files.
func writeBombs(t *testing.T) (paths []string) {
	t.Helper()
	f, err := mutate.Parse(generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: 3000, Codec: tlcgen.ZSTD}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, bomb := range append(mutate.Bombs(f), mutate.Bomb{Name: "ids of 1 MiB each", Data: longTexts(t)}) {
		path := filepath.Join(dir, strings.ReplaceAll(bomb.Name, " ", "_")+"_2023-05.parquet")
		if err := os.WriteFile(path, bomb.Data, 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// longTexts writes a file of 20,000 rows whose pickup zones are all the same text of 1 MiB, which the file stores once.
func longTexts(t *testing.T) []byte {
	t.Helper()
	const rows = 20_000
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	defer texts.Release()
	texts.Append(strings.Repeat("1", 1<<20))
	indices := array.NewInt32Builder(memory.DefaultAllocator)
	defer indices.Release()
	indices.AppendValues(make([]int32, rows), nil)
	columns := []column{{"PULocationID", array.NewDictionaryArray(typ, indices.NewArray(), texts.NewArray())}}
	for _, c := range trips(t) {
		if c.name == "PULocationID" {
			continue
		}
		b := array.NewBuilder(memory.DefaultAllocator, c.values.DataType())
		defer b.Release()
		for range rows {
			if err := b.AppendValueFromString(c.values.ValueStr(0)); err != nil {
				t.Fatal(err)
			}
		}
		columns = append(columns, column{c.name, b.NewArray()})
	}
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), columns,
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryPageSizeLimit(8<<20))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 1<<20 || !bytes.HasPrefix(data, []byte("PAR1")) {
		t.Fatalf("the file has %d bytes: the text is in it more than once", len(data))
	}
	return data
}
