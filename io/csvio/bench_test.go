package csvio

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"tripstats/io/source"
	"tripstats/transforms/element"
)

// BenchmarkRead reads text like TLC's, of which 8 of 19 cells are needed, in blocks of several sizes.
func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	var names []string
	for i := range 19 {
		names = append(names, fmt.Sprint("column", i))
	}
	text.WriteString(strings.Join(names, ",") + "\n")
	for i := range 400_000 {
		fmt.Fprintf(&text, "%d,2023-01-%02d 00:55:%02d,2023-01-05 01:44:00,2.0,21.%d,1.0,N,%d,48,1,75.8,1.0,0.5,0.0,0.0,1.0,%d.05,2.5,1.25\n", 1+i%2, 1+i%28, i%60, i%100, 1+i%260, i%90)
	}
	plain := []byte(text.String())
	for _, c := range []struct {
		name    string
		content []byte
		block   int64
	}{{"64KiB", plain, 64 << 10}, {"256KiB", plain, 256 << 10}, {"512KiB", plain, 512 << 10}, {"1MiB", plain, 1 << 20}, {"4MiB", plain, 4 << 20}, {"gzip", pack(text.String()), 512 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			format := Format{BlockBytes: c.block}
			f, err := described(b, format, c.content)
			if err != nil {
				b.Fatal(err)
			}
			f.Projection = []int{1, 2, 3, 4, 7, 8, 13, 16}
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				if err := readAll(b.Context(), format, f, c.content, element.Range{End: len(f.UnitRows)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// readAll reads units and drops what it reads.
func readAll(ctx context.Context, c Format, f element.Recognised, content []byte, units element.Range) error {
	r, err := c.Open(ctx, f, fileOf(content), units, source.Config{})
	if err != nil {
		return err
	}
	defer r.Close()
	for range units.End - units.Start {
		if err := r.Next(ctx, func(b source.Batch) {
			if b.Done != nil {
				b.Done()
			}
		}); err != nil {
			return err
		}
	}
	return nil
}
