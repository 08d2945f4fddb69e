package tlcgen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// TestDeterminism makes files twice, with one and with two processors.
func TestDeterminism(t *testing.T) {
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 20_000, Seed: 7},
		{Taxi: Green, Month: YearMonth{2023, 5}, Rows: 20_000, RowGroups: 3},
		{Taxi: Yellow, Month: YearMonth{2025, 2}, Rows: 5_000, Codec: Snappy},
		{Taxi: Yellow, Month: YearMonth{2009, 12}, Rows: 5_000},
		{Taxi: Yellow, Month: YearMonth{2010, 2}, Rows: 5_000, RowGroups: 2},
		{Taxi: Green, Month: YearMonth{2015, 3}, Rows: 5_000, Coordinates: true, StringTimes: true, Plant: Plant{ClockHour: 9, NaN: 7}},
	} {
		a, _ := makeFile(t, o)
		b, _ := makeFile(t, o)
		before := runtime.GOMAXPROCS(1)
		c, _ := makeFile(t, o)
		runtime.GOMAXPROCS(2)
		d, _ := makeFile(t, o)
		runtime.GOMAXPROCS(before)
		if sum(a) != sum(b) || sum(a) != sum(c) || sum(a) != sum(d) {
			t.Errorf("%+v: not the same bytes each time", o)
		}
		o.Seed++
		if e, _ := makeFile(t, o); sum(a) == sum(e) {
			t.Errorf("%+v: another seed gives the same bytes", o)
		}
	}
}

// TestRowsDoNotDependOnLayout checks that rows do not depend on codec and row groups.
func TestRowsDoNotDependOnLayout(t *testing.T) {
	o := Options{Taxi: Yellow, Month: YearMonth{2022, 1}, Rows: 10_000}
	b, truth := makeFile(t, o)
	want := readFile(t, b)
	for _, codec := range []Codec{GZIP, ZSTD, Snappy, Uncompressed} {
		o.Codec, o.RowGroups = codec, 7
		b, other := makeFile(t, o)
		got := readFile(t, b)
		for name := range want {
			if !sameColumn(want[name], got[name]) {
				t.Errorf("%s: other values in %s", codec, name)
			}
		}
		if other.Dirt != truth.Dirt {
			t.Errorf("%s: other dirt", codec)
		}
	}
}

// TestJobColumns checks that files with only the columns of the job have the same rows and truth.
func TestJobColumns(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want int // columns
	}{
		{Options{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 5000}, 8},
		{Options{Taxi: Green, Month: YearMonth{2023, 5}, Rows: 5000}, 8},
		{Options{Taxi: Yellow, Month: YearMonth{2026, 6}, Rows: 5000}, 8}, // rows of which more is drawn
		{Options{Taxi: Yellow, Month: YearMonth{2010, 2}, Rows: 5000}, 10},
	} {
		b, truth := makeFile(t, tt.o)
		all := readFile(t, b)
		tt.o.JobColumns = true
		b, jobTruth := makeFile(t, tt.o)
		job := readFile(t, b)
		columns, err := tt.o.Columns()
		if err != nil || len(job) != tt.want || len(columns) != tt.want {
			t.Errorf("%v: %d columns, Columns() has %d, expected %d (%v)", tt.o.Month, len(job), len(columns), tt.want, err)
		}
		for name, c := range job {
			if all[name] == nil || !sameColumn(all[name], c) {
				t.Errorf("%v: other values in %s", tt.o.Month, name)
			}
		}
		jobTruth.Bytes = truth.Bytes
		if !reflect.DeepEqual(truth, jobTruth) {
			t.Errorf("%v: truth is %+v, with all columns %+v", tt.o.Month, jobTruth, truth)
		}
	}
}

func sameColumn(a, b *column) bool {
	if a.len() != b.len() {
		return false
	}
	for i := range a.valid {
		if a.valid[i] != b.valid[i] ||
			a.ints != nil && a.ints[i] != b.ints[i] ||
			a.doubles != nil && math.Float64bits(a.doubles[i]) != math.Float64bits(b.doubles[i]) ||
			a.strings != nil && a.strings[i] != b.strings[i] {
			return false
		}
	}
	return true
}

func TestRowGroups(t *testing.T) {
	for _, tt := range []struct {
		rows   int64
		groups int
		want   []int64
	}{
		{10_000, 0, []int64{10_000}},
		{10_001, 4, []int64{2500, 2500, 2500, 2501}},
		{2, 3, []int64{0, 1, 1}},
		{0, 1, []int64{0}},
		{0, 2, []int64{0, 0}},
	} {
		b, truth := makeFile(t, Options{Taxi: Green, Month: YearMonth{2019, 8}, Rows: tt.rows, RowGroups: tt.groups})
		r := openFile(t, b)
		if r.NumRowGroups() != len(tt.want) || truth.RowGroups != len(tt.want) {
			t.Errorf("%d rows: %d row groups, truth says %d, expected %d",
				tt.rows, r.NumRowGroups(), truth.RowGroups, len(tt.want))
			continue
		}
		for g, want := range tt.want {
			if got := r.RowGroup(g).NumRows(); got != want {
				t.Errorf("%d rows: row group %d has %d, expected %d", tt.rows, g, got, want)
			}
		}
		for name, c := range readFile(t, b) {
			if int64(c.len()) != tt.rows {
				t.Errorf("%d rows: column %s has %d", tt.rows, name, c.len())
			}
		}
	}
}

// TestSmallestFiles makes files with so few rows that most hours are empty.
func TestSmallestFiles(t *testing.T) {
	for rows := range int64(20) {
		for _, month := range []YearMonth{{2009, 3}, {2025, 2}} {
			_, truth := makeFile(t, Options{Taxi: Yellow, Month: month, Rows: rows, Plant: Plant{Inf: 1, ZeroPassengers: 30}})
			total := int64(0)
			for _, m := range truth.Months {
				total += m.TripCount
			}
			if truth.Rows != rows || total != rows || truth.Dirt.NotFinite != min(rows, 1) || truth.Dirt.ZeroPassengers != rows {
				t.Errorf("%v, %d rows: truth says %d, its months %d, %+v", month, rows, truth.Rows, total, truth.Dirt)
			}
		}
	}
}

func TestWrongOptions(t *testing.T) {
	good := Options{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 1}
	for _, tt := range []struct {
		want string
		set  func(*Options)
	}{
		{"rows", func(o *Options) { o.Rows = -1 }},
		{"rows", func(o *Options) { o.Rows = maxRows + 1 }},
		{"row groups", func(o *Options) { o.RowGroups = -1 }},
		{"row groups", func(o *Options) { o.RowGroups = maxRowGroups + 1 }},
		{"codec", func(o *Options) { o.Codec = "lzo" }},
		{"2009-01", func(o *Options) { o.Month = YearMonth{2008, 12} }},
		{"plant", func(o *Options) { o.Plant.Inf = -1 }},
		{"plant", func(o *Options) { o.Plant.ClockSpan = -1 }},
		{"March and November", func(o *Options) { o.Month, o.Plant.ClockHour = YearMonth{2014, 4}, 1 }},
		{"no zones", func(o *Options) { o.Month, o.Plant.UnknownPickupZone = YearMonth{2009, 4}, 1 }},
		{"no zones", func(o *Options) { o.Coordinates, o.Plant.UnknownDropoffZone = true, 1 }},
		{"2016-06", func(o *Options) { o.Month, o.Coordinates = YearMonth{2016, 7}, true }},
		{"ask for both", func(o *Options) { o.OldNames = true }},
	} {
		o := good
		tt.set(&o)
		if _, err := Write(context.Background(), io.Discard, o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, expected one about %s", o, err, tt.want)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

// failingWriter fails after n bytes.
type failingWriter struct{ n int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriterFails checks that an error of the sink is returned, wherever in the file it happens.
func TestWriterFails(t *testing.T) {
	o := Options{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 3_000, RowGroups: 2}
	b, _ := makeFile(t, o)
	for n := 0; n < len(b); n += len(b)/40 + 1 {
		if _, err := Write(context.Background(), &failingWriter{n}, o); err == nil {
			t.Errorf("no error though the sink takes %d of %d bytes", n, len(b))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Write(ctx, new(bytes.Buffer), o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after cancelling", err)
	}
}
