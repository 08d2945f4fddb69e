// Package newyork has the time zone of New York as data of its own, so that tables do not depend on the time zone files of a
// machine, which may be of any age, or changed.
//
// America_New_York.tzif is the compiled file America/New_York of the IANA time zone database (https://www.iana.org/time-zones),
// which is in the public domain, in the version that is named below, as Go 1.26 has it in lib/time/zoneinfo.zip. To renew it,
// take the file out of that archive of another Go, and set Version to what lib/time/update.bash says there: the digest of
// the rules changes with it.
package newyork

import (
	_ "embed" // the data
	"fmt"
	"time"
)

// Version is that of the time zone database.
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
