// Package tlc knows how the NYC Taxi and Limousine Commission names and dates its files.
package tlc

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	e "tripstats/transforms/element"
)

var monthPattern = regexp.MustCompile(`20\d\d-\d\d`)

// uuidPattern matches the UUIDs that Spark and other programs put into the names of part files. Their digits are not a month.
var uuidPattern = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// MonthOf returns the month that a file's base name holds, as months since 1970-01: the first 20dd-dd in it that is a
// valid month, outside of UUIDs. TLC's own names are of the form yellow_tripdata_2014-01.parquet.
func MonthOf(name string) (month int32, ok bool) {
	base := uuidPattern.ReplaceAllString(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
	for i := 0; ; {
		loc := monthPattern.FindStringIndex(base[i:])
		if loc == nil {
			return 0, false
		}
		text := base[i+loc[0] : i+loc[1]]
		year, _ := strconv.Atoi(text[:4])
		m, _ := strconv.Atoi(text[5:])
		if m >= 1 && m <= 12 {
			return int32((year-1970)*12 + m - 1), true
		}
		i += loc[0] + 1
	}
}

// FormatMonth renders months since 1970-01 as 2014-01.
func FormatMonth(month int32) string {
	year, m := int(month)/12, int(month)%12
	if m < 0 {
		year, m = year-1, m+12
	}
	return fmt.Sprintf("%04d-%02d", 1970+year, m+1)
}

// taxiPattern matches the name of any taxi of the registry, as a word of its own.
var taxiPattern = func() *regexp.Regexp {
	taxis := taxisOf(func(e.Dataset) bool { return true })
	for i, t := range taxis {
		taxis[i] = regexp.QuoteMeta(t)
	}
	return regexp.MustCompile(`(?i)(^|[^a-z])(` + strings.Join(taxis, "|") + `)([^a-z]|$)`)
}()

// TaxiOf returns the taxi of the registry that a name says: its last part, or else, if that says a month, the
// nearest folder that says a taxi. It is "" if the name says none, or several.
func TaxiOf(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	_, isMonth := MonthOf(name)
	for {
		dir, base := path.Split(name)
		found := ""
		for at := 0; at < len(base); {
			m := taxiPattern.FindStringSubmatchIndex(base[at:])
			if m == nil {
				break
			}
			taxi := strings.ToLower(base[at+m[4] : at+m[5]])
			if found != "" && found != taxi {
				return ""
			}
			found, at = taxi, at+m[5]
		}
		name = strings.TrimSuffix(dir, "/")
		if found != "" || name == "" || !isMonth {
			return found
		}
	}
}
