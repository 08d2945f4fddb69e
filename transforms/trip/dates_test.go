package trip

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// datedFrom runs Dated on a file whose text columns have these batches. It returns how many batches were read.
func datedFrom(t *testing.T, opts Options, batches map[string][][]string) (element.Recognised, int, error) {
	t.Helper()
	change := map[string]element.ValueType{}
	for name := range batches {
		change[name] = element.String
	}
	f, err := Recognise(fileWith(change), with(opts))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	f, err = Dated(context.Background(), f, with(opts), func(_ context.Context, f element.Recognised, column int, emit func(arrow.Array) bool) error {
		name := f.Columns[column].Name
		for _, b := range batches[name] {
			read++
			if !emit(textBatch(textColumn{name, b}).Record.Column(0)) {
				break
			}
		}
		return nil
	})
	return f, read, err
}

func TestTheOrderOfDatesIsThatOfADayAbove12(t *testing.T) {
	const pickup, dropoff = "tpep_pickup_datetime", "tpep_dropoff_datetime"
	iso := []string{"2021-01-01 00:00:00", "2021-01-13 00:00:00"}
	for name, c := range map[string]struct {
		opts    Options
		batches map[string][][]string
		want    element.DateOrder
		read    int
		wrong   []string // parts of the error
	}{
		"no text": {read: 0},
		"years first": {
			batches: map[string][][]string{pickup: {{"", "N/A", "NULL"}, iso, {"13/1/2021 0:00"}}}, read: 2, // reading ends with the batch of the first values
		},
		"no times at all": {
			batches: map[string][][]string{pickup: {slices.Repeat([]string{"2/8/25 10:07"}, 100)}}, read: 1,
			wrong: []string{`x.parquet: column "tpep_pickup_datetime": found "2/8/25 10:07" and no time in the first 100 values`},
		},
		"nothing but nulls": {batches: map[string][][]string{pickup: {{"NULL"}, {""}}}, read: 2},
		"nonsense":          {batches: map[string][][]string{pickup: {{"yesterday", "1/2"}, {"13/1/2021 0:00"}}}, read: 1},
		"month first": {
			batches: map[string][][]string{pickup: {{"1/2/2021 0:00"}, {"NULL"}, {" 1/13/2021 0:00 "}, {"1/32/2021 0:00", "13/13/2021 0:00"}}}, want: element.MonthFirst, read: 1 + 4,
		},
		"day first":  {batches: map[string][][]string{pickup: {{"1/2/2021 0:00"}, {"13/1/2021 0:00", "32/1/2021 0:00", "31/0/2021 0:00"}}}, want: element.DayFirst, read: 1 + 2},
		"by dropoff": {batches: map[string][][]string{pickup: {{"1/2/2021 0:00"}}, dropoff: {{"1/2/2021 0:00"}, {"1/31/2021 0:00"}}}, want: element.MonthFirst, read: 2 + 1 + 2},
		"dropoffs alone": {
			batches: map[string][][]string{pickup: {iso}, dropoff: {{"1/2/2021 0:00"}, {"1/31/2021 0:00"}}}, want: element.MonthFirst, read: 2 + 1 + 2,
		},
		"what is no time tells nothing": {
			batches: map[string][][]string{pickup: {{"1/5/2021 0:00", "13/5/2021x 0:00", "31/2/2021 0:00"}}}, read: 1 + 1,
			wrong: []string{"none with a day above 12"},
		},
		"given": {
			opts: Options{Dates: element.DayFirst}, batches: map[string][][]string{pickup: {{"1/2/2021 0:00"}, {"1/13/2021 0:00"}}}, want: element.DayFirst, read: 1,
		},
		"none": {
			batches: map[string][][]string{pickup: {{"1/2/2021 0:00"}, {"12/12/2021 0:00"}}, dropoff: {iso}}, read: 2 + 2 + 1,
			wrong: []string{`x.parquet: column "tpep_pickup_datetime": found dates such as "1/2/2021 0:00", and none with a day above 12`, "--dates=mdy", "--dates=dmy"},
		},
		"both": {
			batches: map[string][][]string{pickup: {{"1/2/2021 0:00", "1/13/2021 0:00"}, {"13/1/2021 0:00"}}}, read: 1 + 2,
			wrong: []string{`"1/13/2021 0:00"`, `"13/1/2021 0:00"`, "--dates=mdy or --dates=dmy"},
		},
		"a zone": {
			batches: map[string][][]string{pickup: {{"2021-01-01T00:00:00Z"}}}, read: 1,
			wrong: []string{`x.parquet: column "tpep_pickup_datetime": found "2021-01-01T00:00:00Z"`, "--utc=wall", "--utc=convert"},
		},
		"a zone as asked for": {opts: Options{UTC: UTCConvert}, batches: map[string][][]string{pickup: {{"2021-01-01T00:00:00Z"}}}, read: 1},
	} {
		f, read, err := datedFrom(t, c.opts, c.batches)
		if f.Dates != c.want || read != c.read || (err != nil) != (c.wrong != nil) {
			t.Errorf("%s: found %q after %d batches, %v, expected %q after %d", name, f.Dates, read, err, c.want, c.read)
		}
		if err == nil {
			continue
		}
		why := fault.Find(err)
		if why == nil || why.Code != fault.Input {
			t.Errorf("%s: found %v, expected a fault of the input", name, err)
			continue
		}
		for _, w := range c.wrong {
			if !strings.Contains(why.Message, w) {
				t.Errorf("%s: found %q, expected %q in it", name, why.Message, w)
			}
		}
	}
}
