// Package timezone has the time zones of the world as embedded data. So the tables do not depend on the time zone files of a machine,
// which may be old or changed. Package time would read these files first.
//
// zoneinfo.zip is lib/time/zoneinfo.zip of Go 1.26: the compiled files of the IANA time zone database (https://www.iana.org/time-zones),
// which is in the public domain. To renew it, take the file of another Go release and set Version to the version in its
// lib/time/update.bash. The digest of the rules then changes.
package timezone

import (
	"archive/zip"
	"bytes"
	_ "embed" // the data
	"fmt"
	"io"
	"sync"
	"time"
)

// Version is the version of the time zone database.
const Version = "2025c"

//go:embed zoneinfo.zip
var data []byte

// files are the time zones by name. Opening the archive reads all names.
var files = sync.OnceValues(func() (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(data), int64(len(data)))
})

// Zone returns the time zone of a name such as America/Chicago.
func Zone(name string) (*time.Location, error) {
	archive, err := files()
	if err != nil {
		return nil, fmt.Errorf("timezone: the time zones in this program: %w", err)
	}
	f, err := archive.Open(name)
	if err != nil {
		return nil, fmt.Errorf("found %q, expected the name of a time zone such as America/Chicago", name)
	}
	defer f.Close() //nolint:errcheck // it is in memory
	rules, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("found %q, expected the name of a time zone such as America/Chicago", name) // the name is that of a folder, such as America
	}
	zone, err := time.LoadLocationFromTZData(name, rules)
	if err != nil {
		return nil, fmt.Errorf("timezone: %s in this program: %w", name, err)
	}
	return zone, nil
}
