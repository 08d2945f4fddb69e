package publish

import (
	"path"
	"strings"

	"tripstats/io/objstore"
)

// Own describes outputs, so that wildcards in --input do not match tables. A table t is in a file t/t.<ending>, and below the state folder;
// beside the tables is a text.
var Own = objstore.Own{
	Sign:  ManifestName,
	Holds: `"` + manifestFamily,
	Written: func(below string) bool {
		if below == ReadmeName || strings.HasPrefix(below, objstore.StateDir+"/") {
			return true
		}
		table, file := path.Split(below)
		return table != "" && strings.TrimSuffix(file, path.Ext(file))+"/" == table
	},
}
