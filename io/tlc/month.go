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

// uuidPattern matches the UUIDs that Spark and other programs put into the names of part files. Their digits are not a month.
var uuidPattern = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// partPattern matches the names that Spark gives to part files. The numbers in them count parts and tasks.
var partPattern = regexp.MustCompile(`(?i)^part-\d`)

// form is a form in which a path holds a month: a pattern, or two keys of folders.
type form struct {
	example string
	in      func(path string) string // what the pattern is looked for in
	pattern *regexp.Regexp           // with the year and the month
	keys    [2]string                // of folders, for the year and the month, in lower case
}

// forms are all forms, the first that holds a month counts. The first one is TLC's own.
var forms = []form{
	{example: "yellow_tripdata_2014-01.parquet", in: baseName, pattern: regexp.MustCompile(`(20\d\d)-(\d\d)`)},
	{example: "year=2024/month=01/part-0.parquet", keys: [2]string{"year", "month"}},
	{example: "puYear=2016/puMonth=1/part-0.parquet", keys: [2]string{"puyear", "pumonth"}}, // Azure's open data
	{example: "pickup_year=2019/pickup_month=4/part-0.parquet", keys: [2]string{"pickup_year", "pickup_month"}},
	{example: "2025/02.parquet", in: folderAndName, pattern: regexp.MustCompile(`(?:^|/)(20\d\d)/(\d\d)\.[^/]*$`)},
	{example: "yellow_2025_02.parquet", in: folderAndName, pattern: regexp.MustCompile(`(?:^|[^0-9])(20\d\d)_(\d\d)(?:[^0-9/][^/]*)?$`)},
	// A number of six digits is a month since 2009, when TLC's files begin.
	{example: "yellow_202502.parquet", in: folderAndName, pattern: regexp.MustCompile(`(?:^|[^0-9])(20(?:09|[1-9]\d))(\d\d)(?:[^0-9/][^/]*)?$`)},
}

// A Place says where a month stands in a path. The zero value is the base name, in TLC's own form.
type Place struct {
	Text  string // what holds the month, such as year=2024/month=01 or 2025_02
	Depth int    // how many folders of the path, from the first one on, hold it; 0 if it is not in the keys of folders
}

// MonthOf returns the month that a file's base name holds, as months since 1970-01: the first 20dd-dd in it that is a
// valid month, outside of UUIDs. TLC's own names are of the form yellow_tripdata_2014-01.parquet.
func MonthOf(name string) (month int32, ok bool) {
	month, _, ok = forms[0].find(slashed(name))
	return month, ok
}

// MonthIn returns the month that a path holds and where it stands there: in the base name, or else in the keys of folders, such as
// year=2024/month=01, or else in another one of the forms. A folder that is named for a date does not count: it may be the day of the
// download.
func MonthIn(path string) (month int32, at Place, ok bool) {
	path = slashed(path)
	for i, f := range forms {
		if month, at, ok := f.find(path); ok && i == 0 {
			return month, Place{}, true
		} else if ok {
			return month, at, true
		}
	}
	return 0, Place{}, false
}

// find returns the first valid month that a path holds in a form.
func (f form) find(path string) (int32, Place, bool) {
	if f.pattern == nil {
		return monthInKeys(path, f.keys)
	}
	text := f.in(path)
	for at := 0; ; {
		loc := f.pattern.FindStringSubmatchIndex(text[at:])
		if loc == nil {
			return 0, Place{}, false
		}
		if month, ok := monthFrom(text[at+loc[2]:at+loc[3]], text[at+loc[4]:at+loc[5]]); ok {
			return month, Place{Text: text[at+loc[2] : at+loc[5]]}, true
		}
		at += loc[2] + 1
	}
}

func slashed(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// baseName is the last part of a path without UUIDs.
func baseName(p string) string { return uuidPattern.ReplaceAllString(path.Base(p), "") }

// folderAndName is the last two parts of a path, or "" if the last is the name of a part file.
func folderAndName(p string) string {
	base := baseName(p)
	if partPattern.MatchString(base) {
		return ""
	}
	return path.Base(path.Dir(p)) + "/" + base
}

// monthInKeys returns the month in two keys of a path's folders. Of two folders with one key the nearer one counts.
func monthInKeys(path string, keys [2]string) (int32, Place, bool) {
	parts := strings.Split(path, "/")
	folders := parts[:len(parts)-1]
	var value [2]string
	var depth [2]int
	for i, folder := range folders {
		key, v, _ := strings.Cut(folder, "=")
		for k := range keys {
			if strings.EqualFold(key, keys[k]) {
				value[k], depth[k] = v, i+1
			}
		}
	}
	month, ok := monthFrom(value[0], value[1])
	if !ok {
		return 0, Place{}, false
	}
	first, last := min(depth[0], depth[1]), max(depth[0], depth[1])
	return month, Place{Text: folders[first-1] + "/" + folders[last-1], Depth: last}, true
}

// monthFrom makes a month of a year and the number of a month, which may lack its leading zero.
func monthFrom(year, month string) (int32, bool) {
	y, yearErr := strconv.Atoi(year)
	m, monthErr := strconv.Atoi(month)
	if yearErr != nil || monthErr != nil || len(year) != 4 || y < 2000 || y > 2099 || m < 1 || m > 12 {
		return 0, false
	}
	return int32((y-1970)*12 + m - 1), true
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
	_, _, isMonth := MonthIn(name)
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
