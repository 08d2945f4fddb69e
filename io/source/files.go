package source

import (
	"net/url"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
)

// Files turns matched objects into the elements that [Found] takes. For a part of a dataset the folder's name has the month.
func Files(objects []objstore.Object) []element.Found {
	files := make([]element.Found, len(objects))
	renamed := false
	for i, o := range objects {
		files[i] = element.Found{URI: o.URI, Source: o.Name, Dataset: o.Dataset, Size: o.Size, Version: o.Version, Wild: o.Wild, Identity: o.Identity, Token: o.Token}
		f := &files[i]
		path := pathOf(o)
		f.Constants = constants(o, path)
		if at := setMonth(f, path); at.Depth > 0 && f.Dataset == "" {
			f.Source = withKeys(path, at.Depth, o.Name)
			renamed = renamed || f.Source != o.Name
		}
	}
	if renamed && !distinct(files) {
		for i, o := range objects {
			files[i].Source = o.Name
		}
	}
	for i, o := range objects {
		f := &files[i]
		setPartition(f)
		f.NameTaxi = tlc.TaxiOf(f.Whole())
		if o.Refused != "" {
			f.Refused = f.Source + ": " + o.Refused
		}
	}
	return files
}

// pathOf is the whole path of an object, with slashes and its name at its end. Folders above the pattern's fixed prefix may have
// keys too. Where a name is not the end of an address, because of a link or of odd characters, it is the path.
func pathOf(o objstore.Object) string {
	_, path := objstore.Scheme(objstore.Redact(o.URI))
	if path = strings.ReplaceAll(path, `\`, "/"); strings.HasSuffix(path, "/"+o.Name) {
		return path
	}
	return o.Name
}

// setMonth sets the month of a file and where it stands. The parts of a dataset have the month of its folder's name, or else those of
// their own names, or else those of the keys of folders.
func setMonth(f *element.Found, path string) (at tlc.Place) {
	month, ok := tlc.MonthOf(f.Whole())
	if !ok {
		month, at, ok = tlc.MonthIn(path)
		switch {
		case f.Dataset == "" || at.Depth > 0:
		case ok && at.Text == "": // a folder of months, whatever it is named
			f.Dataset = ""
		default: // a part's name in another form counts its parts
			month, at, ok = tlc.MonthIn(strings.TrimSuffix(path, strings.TrimPrefix(f.Source, f.Dataset)))
		}
	}
	if f.Month, f.MonthFrom = month, at.Text; !ok {
		f.Month, f.MonthFrom = element.NoMonth, ""
	}
	return at
}

// withKeys returns a name with the folders that have its month in their keys, and those with other keys just above them: they may be
// above the pattern's fixed prefix.
func withKeys(path string, depth int, name string) string {
	parts := strings.Split(path, "/")
	for depth > 1 && strings.Contains(parts[depth-2], "=") {
		depth--
	}
	if long := strings.Join(parts[depth-1:], "/"); strings.HasSuffix(long, "/"+name) {
		return long
	}
	return name
}

// distinct tells whether no two files have one name.
func distinct(files []element.Found) bool {
	names := make(map[string]bool, len(files))
	for _, f := range files {
		names[f.Source] = true
	}
	return len(names) == len(files)
}

// setPartition makes a file a part of the dataset of its folder, if the keys of the folder say the month. All files in the folder are
// then one source. If the folder has a folder for each taxi, each of these is one source.
func setPartition(f *element.Found) {
	parts := strings.Split(f.Source, "/")
	folders := parts[:len(parts)-1]
	last := 0
	if f.Dataset != "" {
		last = strings.Count(f.Dataset, "/") + 1
	}
	if _, at, ok := tlc.MonthIn(f.Source); ok && at.Text == f.MonthFrom {
		last = max(last, at.Depth)
	}
	if last == 0 {
		return
	}
	for i := last; i < len(folders); i++ {
		if strings.Contains(folders[i], "=") && tlc.TaxiOf(folders[i]) != "" {
			last = i + 1
		}
	}
	f.Dataset = strings.Join(folders[:last], "/")
}

// mostKeys is how many keys of folders are looked at.
const mostKeys = 64

// nullKey is the value of a key that stands for null.
const nullKey = "__HIVE_DEFAULT_PARTITION__"

// constants are the columns that have one value in a whole file: what the log of its table says, and the keys of its folders.
func constants(o objstore.Object, path string) []element.Constant {
	var list []element.Constant
	for _, v := range o.Values {
		list = append(list, element.Constant{Name: v.Name, Value: v.Text, Null: v.Null, Type: typeOf(v)})
	}
	folders := strings.Split(path, "/")
	for _, folder := range folders[:len(folders)-1] {
		key, value, isKey := strings.Cut(folder, "=")
		if !isKey || key == "" || len(list) >= mostKeys {
			continue
		}
		c := element.Constant{Name: unescaped(key), Value: unescaped(value)}
		c.Type = typeOf(objstore.Value{Text: c.Value})
		if value == nullKey {
			c.Value, c.Null = "", true
		}
		same := func(have element.Constant) bool { return strings.EqualFold(have.Name, c.Name) }
		if at := slices.IndexFunc(list, same); at < 0 {
			list = append(list, c)
		} else if at >= len(o.Values) {
			list[at] = c // the nearer folder
		}
	}
	return list
}

// unescaped is a key or value without the %XX that stand for characters which a path may not have.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
