package tlcgen

import (
	"context"
	"fmt"
	"io"
	"testing"
)

// BenchmarkWrite makes files of eras that take different times.
func BenchmarkWrite(b *testing.B) {
	const rows = 200_000
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2009, 3}},
		{Taxi: Yellow, Month: YearMonth{2014, 5}},
		{Taxi: Yellow, Month: YearMonth{2014, 5}, Codec: Uncompressed},
		{Taxi: Yellow, Month: YearMonth{2015, 5}, Coordinates: true},
		{Taxi: Green, Month: YearMonth{2019, 8}},
		{Taxi: Yellow, Month: YearMonth{2025, 2}},
	} {
		o.Rows = rows
		b.Run(fmt.Sprintf("%s/%v/codec=%s/coordinates=%v", o.Taxi, o.Month, max(o.Codec, Auto), o.Coordinates), func(b *testing.B) {
			for b.Loop() {
				if _, err := Write(context.Background(), io.Discard, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

// BenchmarkRows makes rows and counts them, without writing.
func BenchmarkRows(b *testing.B) {
	o := Options{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 200_000}
	v, err := o.check()
	if err != nil {
		b.Fatal(err)
	}
	block := &block{used: v.fields()}
	for b.Loop() {
		rows, counts := newStream(o, v), newCounter(o.Month, v)
		for rows.made < o.Rows {
			rows.fill(block, o.Rows)
			counts.add(block)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(o.Rows), "ns/row")
}
