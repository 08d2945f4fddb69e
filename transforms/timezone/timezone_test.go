package timezone

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"
)

// TestTheDataIsOfItsVersion fails if the data change but Version does not. Version is part of the digest of the rules.
func TestTheDataIsOfItsVersion(t *testing.T) {
	const version, want = "2025c", "8f55634d05f8bca1f7bc7c69c5933428c69357e0bdf565e5ba224e3f88ff12e8"
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); Version != version || got != want {
		t.Errorf("found version %s with SHA-256 %s, expected %s with %s", Version, got, version, want)
	}
}

func TestZonesAreByName(t *testing.T) {
	instant := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"America/Chicago": "07:00 CDT", "America/New_York": "08:00 EDT", "Europe/Berlin": "14:00 CEST", "UTC": "12:00 UTC"} {
		zone, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := instant.In(zone).Format("15:04 MST"); got != want {
			t.Errorf("%s: found %s, expected %s", name, got, want)
		}
	}
	for _, name := range []string{"", "America", "America/", "Chicago", "america/chicago", "../UTC", "/UTC", "Local", "CST6CDT,M3.2.0"} {
		if zone, err := Zone(name); err == nil {
			t.Errorf("%q: found %v, expected no zone", name, zone)
		}
	}
}
