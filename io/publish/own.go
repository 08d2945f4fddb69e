package publish

import (
	"path"
	"strings"

	"tripstats/io/objstore"
)

// Own describes outputs, so that wildcards leave out the tables in them: a table t is in a file t/t, and in the versions.
var Own = objstore.Own{
	Sign:  ManifestName,
	Holds: `"` + manifestFamily,
	Written: func(below string) bool {
		if strings.HasPrefix(below, objstore.StateDir+"/") {
			return true
		}
		table, file := path.Split(below)
		return table != "" && strings.TrimSuffix(file, path.Ext(file))+"/" == table
	},
}
