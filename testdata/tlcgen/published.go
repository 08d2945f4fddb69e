package tlcgen

import (
	"fmt"
	"slices"
	"strings"
)

// publishedCSV is the form of the CSV files that TLC published for a taxi from a month on, until the next row of the same taxi.
type publishedCSV struct {
	taxi        Taxi
	from        YearMonth
	coordinates bool
	oldNames    bool
	without     []string          // columns that the parquet file has in addition
	names       map[string]string // names that differ from those of the parquet file
	text        Text
}

// publishedCSVs lists them, by taxi and month, as the first kilobyte of each published file has it.
var publishedCSVs = []publishedCSV{
	{taxi: Yellow, from: YearMonth{2009, 1}, text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: Numbers17}},
	{
		taxi: Yellow, from: YearMonth{2010, 1}, without: []string{"__index_level_0__"},
		text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: Numbers17},
	},
	{
		taxi: Yellow, from: YearMonth{2011, 1}, coordinates: true, oldNames: true,
		text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: Numbers17},
	},
	{
		taxi: Yellow, from: YearMonth{2014, 1}, coordinates: true, oldNames: true,
		text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: Numbers17, SpacedNames: true},
	},
	{
		taxi: Yellow, from: YearMonth{2015, 1}, coordinates: true,
		names: map[string]string{"RatecodeID": "RateCodeID"}, text: Text{Lines: CRLF, Numbers: NumbersSQL},
	},
	{taxi: Yellow, from: YearMonth{2015, 7}, coordinates: true, text: Text{Lines: CRLF, Numbers: NumbersSQL}},
	{
		taxi: Yellow, from: YearMonth{2016, 7}, without: []string{"congestion_surcharge", "airport_fee"},
		text: Text{Lines: CRLF, Numbers: NumbersSQL, TrailingCommas: 2},
	},
	{
		taxi: Yellow, from: YearMonth{2017, 1}, without: []string{"congestion_surcharge", "airport_fee"},
		text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: NumbersSQL},
	},
	{taxi: Yellow, from: YearMonth{2019, 1}, without: []string{"airport_fee"}, text: Text{Lines: CRLF, Numbers: NumbersSQL}},
	{taxi: Yellow, from: YearMonth{2020, 6}, without: []string{"airport_fee"}, names: lowered("tpep"), text: Text{Numbers: NumbersSQL}},
	{taxi: Yellow, from: YearMonth{2020, 7}, without: []string{"airport_fee"}, text: Text{Lines: CRLF, Numbers: NumbersSQL}},

	{taxi: Green, from: YearMonth{2013, 8}, coordinates: true, names: spaced, text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: NumbersSQL, TrailingCommas: 2}},
	{taxi: Green, from: YearMonth{2014, 1}, coordinates: true, names: spaced, text: Text{Lines: HeaderLF, BlankLines: 2, Numbers: NumbersSQL, TrailingCommas: 2}},
	{taxi: Green, from: YearMonth{2015, 1}, coordinates: true, names: spaced, text: Text{Lines: CRLF, Numbers: NumbersSQL, TrailingCommas: 2}},
	{taxi: Green, from: YearMonth{2015, 7}, coordinates: true, names: spaced, text: Text{Lines: CRLF, Numbers: NumbersSQL}},
	{taxi: Green, from: YearMonth{2016, 1}, coordinates: true, names: spaced, text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: NumbersSQL}},
	{
		taxi: Green, from: YearMonth{2016, 7}, without: []string{"congestion_surcharge"},
		text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: NumbersSQL, TrailingCommas: 2},
	},
	{taxi: Green, from: YearMonth{2017, 1}, without: []string{"congestion_surcharge"}, text: Text{Lines: HeaderLF, BlankLines: 1, Numbers: NumbersSQL}},
	{taxi: Green, from: YearMonth{2019, 1}, text: Text{Lines: CRLF, Numbers: NumbersSQL}},
	{taxi: Green, from: YearMonth{2020, 6}, names: lowered("lpep"), text: Text{Numbers: NumbersSQL}},
	{taxi: Green, from: YearMonth{2020, 7}, text: Text{Lines: CRLF, Numbers: NumbersSQL}},

	{taxi: FHV, from: YearMonth{2015, 1}, oldNames: true, text: Text{Lines: CRLF}},
	{taxi: FHV, from: YearMonth{2017, 7}, oldNames: true, text: Text{Lines: CRLF, Quoted: QuoteAll}},
	{taxi: FHV, from: YearMonth{2019, 1}, oldNames: true, text: Text{Lines: CRLF}},

	{taxi: FHVHV, from: YearMonth{2019, 2}, oldNames: true, text: Text{Lines: CRLF}},
	{taxi: FHVHV, from: june2020, oldNames: true},
}

// spaced is the name that has a space at its end.
var spaced = map[string]string{"Trip_type": "Trip_type "}

// lowered are the names of 2020-06.
func lowered(prefix string) map[string]string {
	return map[string]string{
		"VendorID":                   "vendorid",
		prefix + "_pickup_datetime":  "pickup_datetime",
		prefix + "_dropoff_datetime": "dropoff_datetime",
		"PULocationID":               "pulocationid",
		"DOLocationID":               "dolocationid",
	}
}

// afterCSV is the month after that of the last CSV file of each taxi. The form of later ones of for-hire vehicles is not known here.
var afterCSV = map[Taxi]YearMonth{Yellow: {2021, 8}, Green: {2021, 8}, FHV: {2020, 7}, FHVHV: {2020, 7}}

// publishedOf returns the published form of a month, or nil if there is none.
func publishedOf(t Taxi, m YearMonth) *publishedCSV {
	var found *publishedCSV
	for i := range publishedCSVs {
		if p := &publishedCSVs[i]; p.taxi == t && !m.Before(p.from) && m.Before(afterCSV[t]) {
			found = p
		}
	}
	return found
}

// PublishedTexts returns the first file of each form in which TLC published CSV files.
func PublishedTexts() []Options {
	var all []Options
	for _, p := range publishedCSVs {
		o, _ := PublishedText(Options{Taxi: p.taxi, Month: p.from}) // there is one
		all = append(all, o)
	}
	return all
}

// PublishedText returns o as the CSV file that TLC published for the month: with its columns, their names and all that is odd in
// its lines.
func PublishedText(o Options) (Options, error) {
	p := publishedOf(o.Taxi, o.Month)
	if p == nil {
		return o, fmt.Errorf("tlcgen: TLC published no CSV file of %s %v: the first is %v, the last %v", o.Taxi, o.Month, firstPublished(o.Taxi), afterCSV[o.Taxi].Add(-1))
	}
	if !o.Format.text() {
		o.Format = CSV
	}
	o.Coordinates, o.OldNames, o.Text = p.coordinates, p.oldNames, p.text
	o.Text.Published = true
	return o, nil
}

func firstPublished(t Taxi) YearMonth {
	i := slices.IndexFunc(publishedCSVs, func(p publishedCSV) bool { return p.taxi == t })
	return publishedCSVs[i].from
}

// columns returns the columns of the published file, from those of the parquet file.
func (p *publishedCSV) columns(all []Column) []Column {
	var columns []Column
	for _, c := range all {
		if slices.ContainsFunc(p.without, func(name string) bool { return strings.EqualFold(name, c.Name) }) {
			continue
		}
		if name, ok := p.names[c.Name]; ok {
			c.Name = name
		}
		columns = append(columns, c)
	}
	return columns
}
