package delta

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// key returns a path in a form that is the same for all its spellings: without %XX and, if it is an absolute path of a file system,
// without its scheme.
func key(path string) string {
	plain, absolute, err := Path(path)
	if err != nil {
		return path
	}
	if absolute {
		return "\x00" + plain // no relative path begins with a zero byte
	}
	return plain
}

// Path reads the path of a file from the log, where it is a URL with %XX for some characters. A path that is not absolute is below the
// table's folder. An absolute path is an address or the path of a local file.
func Path(path string) (plain string, absolute bool, err error) {
	plain, err = url.PathUnescape(path)
	if err != nil {
		return "", false, fmt.Errorf("found the path %q: %w", path, err)
	}
	if strings.ContainsRune(plain, 0) {
		return "", false, fmt.Errorf("found the path %q, expected one without a zero byte", path)
	}
	scheme, rest, isURL := strings.Cut(path, ":")
	if isURL = isURL && isScheme(scheme) && strings.HasPrefix(rest, "/"); isURL && strings.EqualFold(scheme, "file") {
		rest, _ := url.PathUnescape(rest) // it cannot fail: the whole path could be unescaped
		return "/" + strings.TrimLeft(rest, "/"), true, nil
	}
	if isURL || strings.HasPrefix(plain, "/") {
		return plain, true, nil
	}
	if slices.Contains(strings.Split(plain, "/"), "..") {
		return "", false, fmt.Errorf("found the path %q, expected one below the table's folder, or an absolute one", path)
	}
	return plain, false, nil
}

// isScheme tells whether a text can be the scheme of a URL. A single letter is not a scheme but a drive.
func isScheme(s string) bool {
	return len(s) > 1 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.')
	})
}
