package fetch

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
)

// Name returns the file name of an address: the last segment of its path, decoded once. It is a plain file name on
// every system, so that joined to a folder it is a file in that folder. Errors do not repeat the address, which may hold
// a secret.
func Name(uri string) (string, error) {
	scheme, _ := objstore.Scheme(uri)
	segment := ""
	if scheme == "https" || scheme == "http" {
		u, err := url.Parse(uri)
		if err != nil || u.Host == "" || u.Opaque != "" {
			return "", fmt.Errorf("not a valid address, expected such as https://host/path/name.parquet")
		}
		path := u.EscapedPath()
		if segment, err = url.PathUnescape(path[strings.LastIndex(path, "/")+1:]); err != nil {
			return "", fmt.Errorf("not a valid address: its path is wrongly encoded")
		}
	} else {
		shown := objstore.Redact(uri)
		_, rest, ok := strings.Cut(strings.TrimPrefix(shown, scheme+"://"), "/")
		if scheme == "" || !ok {
			return "", fmt.Errorf("not a valid address, expected such as https://host/path/name.parquet")
		}
		segment = rest[strings.LastIndex(rest, "/")+1:]
	}
	if why := notPlain(segment); why != "" {
		return "", fmt.Errorf("found file name %q, %s; expected a plain one such as yellow_tripdata_2014-01.parquet", segment, why)
	}
	return segment, nil
}

// longestName leaves room for what part files add, below the 255 bytes of most file systems.
const longestName = 200

// devices are names that Windows does not take for files, whatever follows after a dot.
var devices = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true}

// notPlain says why a name is not taken, or "".
func notPlain(name string) string {
	switch {
	case name == "":
		return "which is empty"
	case !utf8.ValidString(name):
		return "which is not valid UTF-8"
	case len(name) > longestName:
		return fmt.Sprintf("which has more than %d bytes", longestName)
	case name[0] == '.' || name[0] == '-' || name[0] == '~':
		return "which begins with a dot, a dash or a tilde"
	case strings.EqualFold(name, ManifestName):
		return "which is the manifest's"
	case name[len(name)-1] == '.' || name[len(name)-1] == ' ' || name[0] == ' ':
		return "which ends with a dot, or begins or ends with a space"
	}
	for _, r := range name {
		switch {
		case strings.ContainsRune(`/\:*?"<>|%`, r):
			return fmt.Sprintf("which has %q in it", r)
		case !unicode.IsPrint(r):
			return "which has a character in it that cannot be seen"
		}
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	stem = strings.TrimRight(stem, " ")
	numbered := (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && utf8.RuneCountInString(stem) == 4 &&
		strings.ContainsAny(stem[3:], "0123456789¹²³")
	if devices[stem] || numbered {
		return "which is a device's on some systems"
	}
	return ""
}

// Place is where a file of this name belongs below the destination: in the folder of its year, if its name has a month.
func Place(name string) string {
	if month, ok := tlc.MonthOf(name); ok {
		return tlc.FormatMonth(month)[:4] + "/" + name
	}
	return name
}

// isPlace tells whether a path is one that Place may return.
func isPlace(path string) bool {
	name := path[strings.LastIndex(path, "/")+1:]
	return notPlain(name) == "" && Place(name) == path
}
