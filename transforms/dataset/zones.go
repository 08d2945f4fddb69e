package dataset

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// mostZones is how many zones a place may have, mostZoneText how many characters a name.
const (
	mostZones    = 20_000
	mostZoneText = 300
)

// zoneCell is a column of a file of zones.
type zoneCell struct {
	name string
	set  func(r *zoneReader, text string, z *element.Zone)
}

// zoneCells lists the columns of the zones table. A file of zones must have the first two, and may have the others.
var zoneCells = []zoneCell{
	{"location_id", func(r *zoneReader, text string, z *element.Zone) { z.ID = r.id(text) }},
	{"zone", func(r *zoneReader, text string, z *element.Zone) {
		if z.Name = r.text(text); text == "" {
			r.add("found no name, expected one")
		}
	}},
	{"borough", func(r *zoneReader, text string, z *element.Zone) { z.Borough = r.text(text) }},
	{"service_zone", func(r *zoneReader, text string, z *element.Zone) { z.ServiceZone = r.text(text) }},
	{"longitude", func(r *zoneReader, text string, z *element.Zone) { z.Longitude = r.degrees(text, 180, 0) }},
	{"latitude", func(r *zoneReader, text string, z *element.Zone) { z.Latitude = r.degrees(text, 90, 1) }},
}

// zoneReader reads a file of zones. line and column are those of the cell that is read.
type zoneReader struct {
	file         string
	local        element.Local
	line, column int
	errors       Errors
	seen         map[int32]int // the line of each zone
	given        [2]bool       // whether the row has a longitude, and a latitude
}

func (r *zoneReader) add(format string, args ...any) {
	r.errors = append(r.errors, &Error{r.file, r.line, r.column, fmt.Sprintf(format, args...)})
}

// ParseZones reads the zones of a dataset from the text of a CSV file, sorted by their numbers. Its first line names the columns, which are
// those of the zones table. local says which numbers zones can have. The error, if any, is an [Errors].
func ParseZones(file, text string, local element.Local) ([]element.Zone, error) {
	r := &zoneReader{file: file, local: local, line: 1, column: 1, seen: map[int32]int{}}
	zones := r.read(csv.NewReader(strings.NewReader(text)))
	if len(r.errors) > 0 {
		return nil, r.errors
	}
	slices.SortFunc(zones, func(a, b element.Zone) int { return cmp.Compare(a.ID, b.ID) })
	return zones, nil
}

// mostZoneErrors is how many mistakes of a file are told.
const mostZoneErrors = 20

func (r *zoneReader) read(from *csv.Reader) (zones []element.Zone) {
	from.FieldsPerRecord = -1
	row, err := from.Read()
	if err != nil {
		r.broken(err, "found no line, expected the names of the columns")
		return nil
	}
	cells := r.header(from, row)
	for len(r.errors) < mostZoneErrors {
		row, err := from.Read()
		if err != nil {
			r.broken(err, "")
			break
		}
		if r.line, r.column = from.FieldPos(0); len(row) != len(cells) {
			r.add("found %d values, expected %d, one for each column", len(row), len(cells))
			continue
		}
		var z element.Zone
		r.given = [2]bool{}
		for i, c := range cells {
			if r.line, r.column = from.FieldPos(i); c.set != nil {
				c.set(r, strings.TrimSpace(row[i]), &z)
			}
		}
		if z.Placed = r.given[0] && r.given[1]; r.given[0] != r.given[1] {
			r.add("found one of longitude and latitude, expected both or neither")
		}
		zones = append(zones, z)
	}
	if len(r.errors) > 0 {
		return nil
	}
	r.column = 1
	if len(zones) == 0 {
		r.add("found no zones, expected a line for each")
	}
	if len(zones) > mostZones {
		r.add("found %d zones, expected at most %d", len(zones), mostZones)
	}
	return zones
}

// broken adds the error of a text that is no CSV. At the end of the text atEnd says what is wrong, if anything is.
func (r *zoneReader) broken(err error, atEnd string) {
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		r.line, r.column = wrong.Line, wrong.Column
		r.add("found text that is not CSV: %v", wrong.Err)
	case !errors.Is(err, io.EOF):
		r.add("%v", err)
	case atEnd != "":
		r.add("%s", atEnd)
	}
}

// header returns the columns that the first line names.
func (r *zoneReader) header(from *csv.Reader, names []string) []zoneCell {
	var known []string
	for _, c := range zoneCells {
		known = append(known, c.name)
	}
	var cells []zoneCell
	var found []string
	for i, name := range names {
		r.line, r.column = from.FieldPos(i)
		at := slices.IndexFunc(known, func(k string) bool { return element.SameName(k, name) })
		switch {
		case at < 0:
			r.add("found the column %q, expected one of %s", shortened(name), strings.Join(known, ", "))
			cells = append(cells, zoneCell{})
			continue
		case slices.Contains(found, known[at]):
			r.add("found the column %s a second time, expected it once", known[at])
		}
		found, cells = append(found, known[at]), append(cells, zoneCells[at])
	}
	r.line, r.column = 1, 1
	for _, name := range known[:2] {
		if !slices.Contains(found, name) {
			r.add("found no column %s, expected it", name)
		}
	}
	return cells
}

// id reads the number of a zone.
func (r *zoneReader) id(text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	l := r.local
	switch before, twice := r.seen[int32(n)]; {
	case err != nil || n != l.Unknown && (n < l.First || n > l.Last) || n == 0:
		unknown := ""
		if l.Unknown != 0 {
			unknown = fmt.Sprintf(", or %d", l.Unknown)
		}
		r.add("found %q, expected the number of a zone from %d to %d%s, as the declaration says", shortened(text), l.First, l.Last, unknown)
	case twice:
		r.add("found the zone %d a second time, expected it once; it is in line %d too", n, before)
	default:
		r.seen[int32(n)] = r.line
	}
	return int32(n)
}

// text reads a name.
func (r *zoneReader) text(text string) string {
	switch {
	case !utf8.ValidString(text):
		r.add("found bytes that are not UTF-8, expected text in UTF-8")
	case strings.ContainsFunc(text, fault.Controls):
		r.add("found %q with a line break, a tab or another control character, expected a name in one line", shortened(text))
	case utf8.RuneCountInString(text) > mostZoneText:
		r.add("found a text of %d characters, expected at most %d", utf8.RuneCountInString(text), mostZoneText)
	}
	return text
}

// degrees reads a longitude, which is 0, or a latitude, which is 1.
func (r *zoneReader) degrees(text string, most float64, which int) float64 {
	if r.given[which] = text != ""; text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(v) <= most) { // NaN is not
		r.add("found %q, expected degrees from -%g to %g", shortened(text), most, most)
	}
	return v
}
