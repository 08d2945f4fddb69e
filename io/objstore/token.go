package objstore

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// settled is how long ago the last change of a local file must be, so that a later change gives the file another time. Some file systems
// store times in steps of two seconds.
const settled = 2 * time.Second

// localToken identifies the content of a local file for later runs. It is "" if the file changed a moment ago, because another change may
// leave its times the same. It is also "" if the system does not number files.
func localToken(info fs.FileInfo, now time.Time) string {
	number := numberOf(info)
	changed, ok := changedAt(info)
	if number == "" || !ok || now.Sub(changed) < settled {
		return ""
	}
	return fmt.Sprintf("%s-%d-%d-%d", number, info.Size(), info.ModTime().UnixNano(), changed.UnixNano())
}

// identity is equal for two names of one local file, and differs for two files. It includes the version, because some network file systems do
// not number their files reliably.
func identity(info fs.FileInfo) string {
	if number := numberOf(info); number != "" {
		return number + "-" + localVersion(info)
	}
	return ""
}

// storeToken identifies the content of an object in a store for later runs. It has the object's version, unless that is a weak ETag, which
// may be the same for other content. Then it has the object's time and size.
func storeToken(version string, size int64) string {
	_, generation := strconv.ParseInt(version, 10, 64)
	switch {
	case version == "", strings.HasPrefix(version, "W/"):
		return ""
	case isTag(version), generation == nil:
		return version
	}
	return fmt.Sprintf("%s, %d bytes", version, size)
}
