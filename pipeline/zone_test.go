package main_test

import (
	bits "encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestTheTimeZonesOfAMachineChangeNoTable gives the machine a New York without summer time. Go reads ZONEINFO first.
func TestTheTimeZonesOfAMachineChangeNoTable(t *testing.T) {
	dir := t.TempDir()
	zones := filepath.Join(dir, "zones", "America")
	if err := os.MkdirAll(zones, 0o777); err != nil {
		t.Fatal(err)
	}
	zone := append([]byte("TZif"), make([]byte, 16)...) // version 1, one type of time, and its name
	for _, count := range []uint32{0, 0, 0, 0, 1, 4} {
		zone = bits.BigEndian.AppendUint32(zone, count)
	}
	zone = bits.BigEndian.AppendUint32(zone, 1<<32-5*3600)
	zone = append(zone, 0, 0, 'E', 'S', 'T', 0)
	if err := os.WriteFile(filepath.Join(zones, "New_York"), zone, 0o666); err != nil {
		t.Fatal(err)
	}
	o := month(tlcgen.Yellow, 2019, 3, 100_000) // with a change of the clock
	path := generate(t, dir, o)
	args := func(output string) []string { return []string{"--input=" + path, "--output=" + output} }
	runOnce(t, command{args: args("own"), dir: dir}).succeeds(t)
	runOnce(t, command{args: args("strange"), dir: dir, env: []string{"ZONEINFO=" + filepath.Dir(zones)}}).succeeds(t)
	want, got := treeOf(t, filepath.Join(dir, "own")), treeOf(t, filepath.Join(dir, "strange"))
	if !maps.Equal(want.tableFiles(), got.tableFiles()) {
		t.Errorf("found %v, expected %v", got.tableFiles(), want.tableFiles())
	}
}
