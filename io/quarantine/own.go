package quarantine

import (
	"path"
	"strings"

	"tripstats/io/objstore"
)

// Own describes quarantines, so that wildcards leave out the rows in them.
var Own = objstore.Own{
	Sign: path.Join(objstore.StateDir, markName),
	Written: func(below string) bool {
		return strings.HasPrefix(below, rowsDir+"/") || strings.HasPrefix(below, unpublishedDir+"/")
	},
}
