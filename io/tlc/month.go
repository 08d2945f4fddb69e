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

// nameForms are the forms in which a month stands in a file's base name, each with its year and its month.
var nameForms = []*regexp.Regexp{
	regexp.MustCompile(`(20\d\d)-(\d\d)`), // TLC's own: yellow_tripdata_2014-01.parquet
}

// otherForms are the forms of which a shorter text, or one in a folder's name too, is the month: they count only if neither the base
// name nor the keys of folders hold one. The text that is looked at is the nearest folder's name, a slash and the base name.
var otherForms = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|/)(20\d\d)/(\d\d)\.[^/]*$`),                          // 2025/02.parquet
	regexp.MustCompile(`(?:^|[^0-9/])(20\d\d)_(\d\d)(?:[^0-9/][^/]*)?$`),          // yellow_2025_02.parquet
	regexp.MustCompile(`(?:^|[^0-9/])(20(?:09|[1-9]\d))(\d\d)(?:[^0-9/][^/]*)?$`), // yellow_202502.parquet, since 2009
}

// folderKeys are the pairs of keys by which folders hold a year and a month, in lower case: year=2024/month=01.
var folderKeys = [][2]string{
	{"year", "month"},
	{"puyear", "pumonth"}, // Azure's open data
	{"pickup_year", "pickup_month"},
}

// A Place says where a month stands in a path. The zero value is the base name, in TLC's own form.
type Place struct {
	Text  string // what holds the month, such as year=2024/month=01 or 2025_02
	Depth int    // how many folders of the path, from the first one on, hold it; 0 if it is not in the keys of folders
}

// MonthOf returns the month that a file's base name holds, as months since 1970-01: the first 20dd-dd in it that is a
// valid month, outside of UUIDs. TLC's own names are of the form yellow_tripdata_2014-01.parquet.
func MonthOf(name string) (month int32, ok bool) {
	month, _, ok = firstMonthIn(baseName(name), nameForms)
	return month, ok
}

// MonthIn returns the month that a path holds and where it stands there: in the base name, or else in the keys of folders, such as
// year=2024/month=01, or else in one of some other forms. A folder that is named for a date does not count: it may be the day of the
// download.
func MonthIn(path string) (month int32, at Place, ok bool) {
	if month, ok = MonthOf(path); ok {
		return month, Place{}, true
	}
	if month, at, ok = monthInKeys(path); ok {
		return month, at, true
	}
	parts := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	base := baseName(path)
	if partPattern.MatchString(base) {
		return 0, Place{}, false
	}
	if len(parts) > 1 {
		base = parts[len(parts)-2] + "/" + base
	}
	month, text, ok := firstMonthIn(base, otherForms)
	return month, Place{Text: text}, ok
}

func baseName(name string) string {
	return uuidPattern.ReplaceAllString(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
}

// firstMonthIn returns the first valid month that stands in a text in one of some forms.
func firstMonthIn(text string, forms []*regexp.Regexp) (month int32, found string, ok bool) {
	for _, form := range forms {
		for at := 0; ; {
			loc := form.FindStringSubmatchIndex(text[at:])
			if loc == nil {
				break
			}
			if month, ok := monthFrom(text[at+loc[2]:at+loc[3]], text[at+loc[4]:at+loc[5]]); ok {
				return month, text[at+loc[2] : at+loc[5]], true
			}
			at += loc[2] + 1
		}
	}
	return 0, "", false
}

// monthInKeys returns the month in the keys of a path's folders. Of two folders with one key the nearer one counts.
func monthInKeys(path string) (month int32, at Place, ok bool) {
	parts := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	folders := parts[:len(parts)-1]
	for _, keys := range folderKeys {
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
		if month, ok := monthFrom(value[0], value[1]); ok {
			first, last := min(depth[0], depth[1]), max(depth[0], depth[1])
			text := folders[first-1] + "/" + folders[last-1]
			return month, Place{Text: text, Depth: last}, true
		}
	}
	return 0, Place{}, false
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
