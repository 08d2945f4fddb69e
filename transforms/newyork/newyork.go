// Package newyork has the time zone of New York as embedded data. The tables then do not depend on the time zone files of a
// machine, which may be old or changed.
//
// America_New_York.tzif is the compiled file America/New_York of the IANA time zone database (https://www.iana.org/time-zones),
// which is in the public domain. It is from lib/time/zoneinfo.zip of Go 1.26, in the version below. To renew it, take the file
// from that archive of another Go release and set Version to the version in its lib/time/update.bash. The digest of the rules
// then changes.
package newyork

import (
	_ "embed" // the data
	"fmt"
	"time"
)

// Version is the version of the time zone database.
const Version = "2025c"

//go:embed America_New_York.tzif
var data []byte

// Zone returns the time zone of New York.
func Zone() (*time.Location, error) {
	zone, err := time.LoadLocationFromTZData("America/New_York", data)
	if err != nil {
		return nil, fmt.Errorf("newyork: the time zone in this program: %w", err)
	}
	return zone, nil
}
