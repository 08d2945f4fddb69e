package objstore

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// settled is how long a local file must not have changed before its times tell that its content is the same: some file systems keep times
// to the second or two.
const settled = 2 * time.Second

// localToken identifies the content of a local file for later runs. It is "" if the file changed a moment ago, because it may change again
// within the same tick of its times, or if the system does not number files.
func localToken(info fs.FileInfo, now time.Time) string {
	number, changed, ok := numberOf(info)
	if !ok || now.Sub(changed) < settled {
		return ""
	}
	return fmt.Sprintf("%s-%d-%d-%d", number, info.Size(), info.ModTime().UnixNano(), changed.UnixNano())
}

// storeToken identifies the content of an object in a store for later runs: its version where that is strong, otherwise its time with its
// size. A weak ETag may be the same for other content.
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
