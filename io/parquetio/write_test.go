package parquetio

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// text returns about n bytes that compress well.
func text(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "2014/%02d/part-%04d_yellow_tripdata.parquet", 1+rng.IntN(12), rng.IntN(5000))
	}
	return b.Bytes()[:n]
}

func TestPagesAreCompressedAsArrowDoes(t *testing.T) {
	enc, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderConcurrency(1), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		t.Fatal(err)
	}
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 100, 2000, 128 << 10, 128<<10 + 1, 1 << 20, writeWindow} {
		page := text(n)
		got := codec.(interface {
			EncodeLevel(dst, src []byte, level int) []byte
		}).EncodeLevel(nil, page, compress.DefaultCompressionLevel)
		if !bytes.Equal(got, enc.EncodeAll(page, nil)) {
			t.Errorf("a page of %d bytes: the compressed bytes differ from those of arrow-go", n)
		}
	}
}

func TestCompressingAPageTakesLittleMemory(t *testing.T) {
	codec := zstdCodec{}
	page, dst := text(1<<20), make([]byte, 0, 1<<20)
	runtime.GC()
	runtime.GC() // only the second collection empties the pool
	if took := allocated(func() { codec.EncodeLevel(dst, page, compress.DefaultCompressionLevel) }); took > 6<<20 {
		t.Errorf("compressing a page of 1 MiB takes %d bytes of memory, expected at most 6 MiB", took)
	}
}
