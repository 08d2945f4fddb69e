package parquetio

import (
	"testing"

	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// BenchmarkFooter reads the footer of a small file, and describes the file.
func BenchmarkFooter(b *testing.B) {
	raw, size := footerBytes(b, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 60})
	b.ReportAllocs()
	for b.Loop() {
		o, err := outlineOf(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := describe(&element.Described{}, o, size); err != nil {
			b.Fatal(err)
		}
	}
}
