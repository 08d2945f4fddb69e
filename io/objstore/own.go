package objstore

import (
	"bytes"
	"context"
	"path"
	"strings"
)

// Own describes folders that this program writes, so that wildcards leave out what is in them: see [Match].
type Own struct {
	Sign    string                  // path of a file in such a folder, with slashes
	Holds   string                  // what this file holds, if its name alone does not tell whose it is
	Written func(below string) bool // whether a file is the program's, by its path below the folder, with slashes
}

// isOwn tells whether this program has written a file below a fixed prefix. at returns the address of a path, or "" if there is no
// such file.
func (m *matches) isOwn(ctx context.Context, prefix, full string, at func(path string) string) bool {
	for inside := full; len(inside) > len(prefix) && inside != "." && inside != "/"; inside = path.Dir(inside) {
		folder := path.Dir(inside)
		below := strings.TrimPrefix(strings.TrimPrefix(full, folder), "/")
		if folder == "." {
			below = full
		}
		for _, o := range m.in.Own {
			if o.Written(below) && m.isSigned(ctx, o, at(path.Join(folder, o.Sign))) {
				return true
			}
		}
	}
	return false
}

// isSigned tells whether a file is the sign of a folder of this program. It reads a file once.
func (m *matches) isSigned(ctx context.Context, o Own, uri string) bool {
	if uri == "" || o.Holds == "" {
		return uri != ""
	}
	is, known := m.signs[uri]
	if !known {
		content, err := m.access.ReadAll(ctx, uri)
		is = err == nil && bytes.Contains(content, []byte(o.Holds))
		m.signs[uri] = is
	}
	return is
}
