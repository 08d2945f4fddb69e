package inflate

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// contents returns bytes like those of pages: few and many values, sorted and unsorted, short and long.
func contents(size int) map[string][]byte {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	noise, skewed, times, runs := make([]byte, size), make([]byte, size), make([]byte, 0, size+8), make([]byte, 0, size)
	for i := range noise {
		noise[i] = byte(r.Uint32())
		skewed[i] = byte(r.ExpFloat64() * 20)
	}
	for t := uint64(1_500_000_000_000_000); len(times) < size; t += uint64(r.IntN(4)) * 1_000_000 {
		times = binary.LittleEndian.AppendUint64(times, t)
	}
	for len(runs) < size {
		runs = append(runs, bytes.Repeat([]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}[:1+r.IntN(3)], 1+r.IntN(200))...)
	}
	return map[string][]byte{
		"noise": noise, "skewed": skewed, "times": times[:size], "runs": runs[:size],
		"zeros": make([]byte, size), "mixed": append(append([]byte{}, times[:size/2]...), noise[size/2:]...),
	}
}

var levels = []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, 6, flate.BestCompression}

func compressed(tb testing.TB, level int, parts ...[]byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			tb.Fatal(err)
		}
		if err := w.Flush(); err != nil { // ends a block
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestPagesOfEverySizeAndLevelComeBack(t *testing.T) {
	var d Decoder
	for _, size := range []int{0, 1, 2, 7, 8, 9, 255, 256, 257, 258, 259, 300, 1000, 4096, 65535, 65536, 200_000} {
		for name, want := range contents(size) {
			for _, level := range levels {
				src := compressed(t, level, want)
				got := bytes.Repeat([]byte{0xaa}, size+8)
				if err := d.Page(got[:size], src); err != nil || !bytes.Equal(got[:size], want) {
					t.Fatalf("%s of %d bytes at level %d: error %v, or other bytes", name, size, level, err)
				}
				if !bytes.Equal(got[size:], bytes.Repeat([]byte{0xaa}, 8)) {
					t.Fatalf("%s of %d bytes at level %d: bytes beyond the page were written", name, size, level)
				}
			}
		}
	}
}

func TestTwoPagesAtOnceAreEachRight(t *testing.T) {
	var p Pair
	sizes := []int{0, 5, 600, 70_000, 300_000}
	for _, n1 := range sizes {
		for _, n2 := range sizes {
			for name1, want1 := range contents(n1) {
				for name2, want2 := range contents(n2) {
					got1, got2 := fenced(n1), fenced(n2)
					err := p.Pages([][]byte{got1[fence : fence+n1], got2[fence : fence+n2]}, [][]byte{compressed(t, 6, want1), compressed(t, 1, want2)})
					if err != nil || !bytes.Equal(got1[fence:fence+n1], want1) || !bytes.Equal(got2[fence:fence+n2], want2) {
						t.Fatalf("%s of %d and %s of %d bytes: error %v, or other bytes", name1, n1, name2, n2, err)
					}
					if !whole(got1) || !whole(got2) {
						t.Fatalf("%s of %d and %s of %d bytes: bytes beyond a page were written", name1, n1, name2, n2)
					}
				}
			}
		}
	}
}

// fence is how many bytes around a page must stay as they are.
const fence = 300

// fenced is memory for n bytes with a fence on both sides.
func fenced(n int) []byte { return bytes.Repeat([]byte{0xaa}, fence+n+fence) }

// whole tells whether both fences are unchanged.
func whole(b []byte) bool {
	return bytes.Equal(b[:fence], fenced(0)[:fence]) && bytes.Equal(b[len(b)-fence:], fenced(0)[:fence])
}

func TestADamagedPageOfTwoIsAnError(t *testing.T) {
	var p Pair
	want := contents(100_000)["skewed"]
	good, bad := compressed(t, 6, want), compressed(t, 6, want)
	bad[len(bad)/2] ^= 4
	dst1, dst2 := make([]byte, len(want)), make([]byte, len(want))
	dst := [][]byte{dst1, dst2}
	if p.Pages(dst, [][]byte{good, bad}) == nil || p.Pages(dst, [][]byte{bad, good}) == nil || p.Pages(dst, [][]byte{bad, bad}) == nil {
		t.Error("a damaged page passed")
	}
	if err := p.Pages(dst, [][]byte{good, good}); err != nil {
		t.Errorf("after that, good pages: %v", err)
	}
}

func TestBlocksAndMembersFollowOneAnother(t *testing.T) {
	var d Decoder
	var want, src []byte
	for i, level := range levels {
		for _, c := range contents(3000 + i) {
			src = append(src, compressed(t, level, c[:1000], c[1000:1001], nil, c[1001:])...)
			want = append(want, c...)
		}
	}
	got := make([]byte, len(want))
	if n, err := d.Gzip(got, src); err != nil || n != len(want) || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, error %v; expected %d", n, err, len(want))
	}
}

// TestAWordThatTheCodeDoesNotHaveIsDamage has a distance code with a single word, 0, and a stream with the word 1. Fuzzing found it.
func TestAWordThatTheCodeDoesNotHaveIsDamage(t *testing.T) {
	body := []byte("\x04\xc0\x81\x00\x00\x00\x00\x00\x10\xff\xd5X0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	src := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, body...)
	if _, err := new(Decoder).Gzip(make([]byte, 700), src); !errors.Is(err, ErrCorrupt) {
		t.Errorf("found %v, expected %v", err, ErrCorrupt)
	}
}

func TestHeadersWithAllFieldsAreRead(t *testing.T) {
	var d Decoder
	for _, extra := range []int{0, 3, 65_533, 65_534, 65_535} {
		name := string(bytes.Repeat([]byte("n"), extra%512))
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Name, w.Comment, w.Extra = name, "said of it", make([]byte, extra)
		fmt.Fprint(w, "text")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 4)
		if err := d.Page(got, b.Bytes()); err != nil || string(got) != "text" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestOutputIsBoundedByTheBuffer(t *testing.T) {
	var d Decoder
	for name, c := range contents(50_000) {
		for _, level := range levels {
			src := compressed(t, level, c)
			for _, size := range []int{0, 1, 100, 49_000, 49_999} {
				buf := bytes.Repeat([]byte{0x55}, len(c))
				if err := d.Page(buf[:size:size], src); !errors.Is(err, ErrTooLong) {
					t.Errorf("%s at level %d in %d bytes: %v, expected %v", name, level, size, err, ErrTooLong)
				}
				if !bytes.Equal(buf[size:], bytes.Repeat([]byte{0x55}, len(c)-size)) {
					t.Errorf("%s at level %d in %d bytes: wrote beyond", name, level, size)
				}
			}
			if err := d.Page(make([]byte, len(c)+1), src); err == nil {
				t.Errorf("%s at level %d: a page shorter than declared passed", name, level)
			}
		}
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	var d Decoder
	for name, c := range contents(900) {
		for _, level := range levels {
			src := compressed(t, level, c)
			for n := range len(src) {
				if err := d.Page(make([]byte, len(c)), src[:n]); err == nil {
					t.Errorf("%s at level %d: cut to %d of %d bytes it passed", name, level, n, len(src))
				}
			}
		}
	}
}

// bitWriter makes deflate streams that no compressor writes.
type bitWriter struct {
	b    []byte
	hold uint64
	n    uint
}

func (w *bitWriter) bits(v uint64, n uint) {
	w.hold |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.hold))
		w.hold >>= 8
	}
}

// lengths writes the header of a last dynamic block whose code lengths are those given, each written by 5 bits of a
// code for code lengths in which all 19 symbols have words of 4 or 5 bits.
func (w *bitWriter) lengths(lits, dists []uint8) {
	w.bits(1, 1)
	w.bits(2, 2)
	w.bits(uint64(len(lits)-257), 5)
	w.bits(uint64(len(dists)-1), 5)
	w.bits(15, 4)
	lens := [19]uint8{} // 13 words of 4 bits and 6 of 5: complete
	for s := range lens {
		lens[s] = 4
		if s >= 13 {
			lens[s] = 5
		}
	}
	for _, s := range preOrder {
		w.bits(uint64(lens[s]), 3)
	}
	for _, n := range append(append([]uint8{}, lits...), dists...) {
		code, size := uint64(n), uint(4)
		if n >= 13 {
			code, size = 26+uint64(n)-13, 5
		}
		for i := range size { // Huffman words go first bit first
			w.bits(code>>(size-1-i)&1, 1)
		}
	}
}

func (w *bitWriter) member(content []byte) []byte {
	w.bits(0, 7)
	out := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, w.b...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(content))
	return binary.LittleEndian.AppendUint32(out, uint32(len(content)))
}

// TestOddCodesAreJudgedAsTheLibraryDoes compares us with the libraries on streams whose codes are incomplete, oversubscribed or empty.
func TestOddCodesAreJudgedAsTheLibraryDoes(t *testing.T) {
	base := func() ([]uint8, []uint8) {
		lits := make([]uint8, 257)
		lits['a'], lits[256] = 1, 1
		return lits, []uint8{0}
	}
	for name, change := range map[string]func(lits, dists []uint8) ([]uint8, []uint8){
		"complete":                 func(l, d []uint8) ([]uint8, []uint8) { return l, d },
		"one literal word of one":  func(l, d []uint8) ([]uint8, []uint8) { l['a'] = 0; return l, d },
		"one literal word of two":  func(l, d []uint8) ([]uint8, []uint8) { l['a'], l[256] = 0, 2; return l, d },
		"incomplete literals":      func(l, d []uint8) ([]uint8, []uint8) { l['a'] = 2; return l, d },
		"oversubscribed literals":  func(l, d []uint8) ([]uint8, []uint8) { l['b'] = 1; return l, d },
		"no literals":              func(l, d []uint8) ([]uint8, []uint8) { l['a'], l[256] = 0, 0; return l, d },
		"one distance word":        func(l, d []uint8) ([]uint8, []uint8) { return l, []uint8{1} },
		"incomplete distances":     func(l, d []uint8) ([]uint8, []uint8) { return l, []uint8{2, 2, 2} },
		"oversubscribed distances": func(l, d []uint8) ([]uint8, []uint8) { return l, []uint8{1, 1, 1} },
		"long words": func(l, d []uint8) ([]uint8, []uint8) {
			l['a'], l[256] = 1, 15
			for i := range 14 {
				l['b'+i] = uint8(2 + i)
			}
			return l, d
		},
	} {
		for tail := range uint64(1 << 10) {
			lits, dists := base()
			lits, dists = change(lits, dists)
			var w bitWriter
			w.lengths(lits, dists)
			w.bits(tail, 10)
			src := w.member(nil)
			for _, content := range []string{"", "a", "aa", "b"} {
				binary.LittleEndian.PutUint32(src[len(src)-8:], crc32.ChecksumIEEE([]byte(content)))
				binary.LittleEndian.PutUint32(src[len(src)-4:], uint32(len(content)))
				compare(t, name, src, 100)
			}
		}
	}
}

// lenient tells whether we rightly report an error where Klauspost's library does not: the standard library reports one too.
// Klauspost's accepts a word for a distance that the block's code does not have.
func lenient(src []byte, size int, err, libraryErr error) bool {
	if err == nil || libraryErr != nil {
		return false
	}
	z, stdErr := stdgzip.NewReader(bytes.NewReader(src))
	if stdErr == nil {
		_, stdErr = io.ReadAll(io.LimitReader(z, int64(size)+1))
	}
	return stdErr != nil
}

// compare inflates src with our code and with the library that arrow-go uses. Both must return the same bytes, or both an error.
func compare(t *testing.T, name string, src []byte, size int) {
	t.Helper()
	want, wantErr := reference(src, size)
	buf := bytes.Repeat([]byte{0x33}, size+16)
	n, err := new(Decoder).Gzip(buf[:size:size], src)
	switch {
	case lenient(src, size, err, wantErr):
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%s: error %v, the library's %v\n%x", name, err, wantErr, src)
	case err == nil && !bytes.Equal(buf[:n], want):
		t.Fatalf("%s: found\n%x, the library\n%x\n%x", name, buf[:n], want, src)
	case !bytes.Equal(buf[size:], bytes.Repeat([]byte{0x33}, 16)):
		t.Fatalf("%s: wrote beyond the buffer\n%x", name, src)
	}
}

// reference returns what the library makes of src. More than size bytes are an error.
func reference(src []byte, size int) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(size)+1))
	if err == nil && len(out) > size {
		err = ErrTooLong
	}
	return out, err
}

// FuzzGzipAgainstTheLibrary reads any bytes as gzip.
func FuzzGzipAgainstTheLibrary(f *testing.F) {
	for _, c := range contents(700) {
		for _, level := range levels {
			f.Add(compressed(f, level, c), uint16(700))
			f.Add(compressed(f, level, c[:300], c[300:]), uint16(2000))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size uint16) { compare(t, "fuzzed", src, int(size)) })
}

// FuzzDeflateAgainstTheLibrary reads any bytes as a deflate stream, after a valid header and, if the library can read the stream,
// with a valid checksum. The bytes are repeated, because the fast loop needs long streams.
func FuzzDeflateAgainstTheLibrary(f *testing.F) {
	for _, c := range contents(700) {
		for _, level := range levels {
			src := compressed(f, level, c)
			f.Add(src[10:len(src)-8], uint16(700), byte(1))
		}
	}
	good := contents(5000)["mixed"]
	goodSrc := compressed(f, 6, good)
	f.Fuzz(func(t *testing.T, body []byte, size uint16, repeat byte) {
		body = bytes.Repeat(body, 1+int(repeat%4))
		r := bytes.NewReader(body)
		content, err := io.ReadAll(io.LimitReader(flate.NewReader(r), int64(size)))
		src := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, body...)
		if err == nil {
			src = src[:len(src)-r.Len()]
		}
		src = binary.LittleEndian.AppendUint32(src, crc32.ChecksumIEEE(content))
		src = binary.LittleEndian.AppendUint32(src, uint32(len(content)))
		compare(t, "fuzzed", src, int(size))
		// Two at once: together with a good page, as the first and as the second of the pair.
		_, wantErr := reference(src, len(content))
		for _, first := range []bool{true, false} {
			mine, others := fenced(len(content)), fenced(len(good))
			a, b := mine[fence:len(mine)-fence], others[fence:len(others)-fence]
			srcA, srcB := src, goodSrc
			if !first {
				a, b, srcA, srcB = b, a, srcB, srcA
			}
			err := new(Pair).Pages([][]byte{a, b}, [][]byte{srcA, srcB})
			switch {
			case lenient(src, len(content), err, wantErr):
			case (err == nil) != (wantErr == nil):
				t.Fatalf("two at once: error %v, the library's %v", err, wantErr)
			case err == nil && !(bytes.Equal(mine[fence:len(mine)-fence], content) && bytes.Equal(others[fence:len(others)-fence], good)):
				t.Fatal("two at once: other bytes")
			case !whole(mine) || !whole(others):
				t.Fatal("two at once: wrote beyond a page")
			}
		}
		for place := range 3 {
			all := [3][]byte{fenced(len(good)), fenced(len(good)), fenced(len(good))}
			want, from := [3][]byte{good, good, good}, [3][]byte{goodSrc, goodSrc, goodSrc}
			all[place], want[place], from[place] = fenced(len(content)), content, src
			err := threeOf(new(Pair), &all, from)
			switch {
			case lenient(src, len(content), err, wantErr):
			case (err == nil) != (wantErr == nil):
				t.Fatalf("three at once: error %v, the library's %v", err, wantErr)
			}
			for i := range all {
				if err == nil && !bytes.Equal(all[i][fence:len(all[i])-fence], want[i]) {
					t.Fatal("three at once: other bytes")
				}
				if !whole(all[i]) {
					t.Fatal("three at once: wrote beyond a page")
				}
			}
		}
	})
}

// BenchmarkPage inflates pages like those of TLC's columns, and compares the library.
func BenchmarkPage(b *testing.B) {
	for _, kind := range []string{"times", "skewed", "runs"} {
		want := contents(1 << 20)[kind]
		src := compressed(b, 6, want)
		dst := make([]byte, len(want))
		b.Run(kind+"/one", func(b *testing.B) {
			var d Decoder
			b.SetBytes(int64(len(want)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Page(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/two", func(b *testing.B) {
			var p Pair
			dst2 := make([]byte, len(want))
			b.SetBytes(2 * int64(len(want)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Pages([][]byte{dst, dst2}, [][]byte{src, src}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/three", func(b *testing.B) {
			var p Pair
			all, srcs := [3][]byte{dst, make([]byte, len(want)), make([]byte, len(want))}, [3][]byte{src, src, src}
			b.SetBytes(3 * int64(len(want)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Pages(all[:], srcs[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/library", func(b *testing.B) {
			z := new(gzip.Reader)
			b.SetBytes(int64(len(want)))
			b.ReportAllocs()
			for b.Loop() {
				if err := z.Reset(bytes.NewReader(src)); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(z, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
