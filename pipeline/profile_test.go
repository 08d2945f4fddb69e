package main

import (
	"os"
	"path/filepath"
	"testing"

	"tripstats/transforms/fault"
)

func TestProfilesAreWritten(t *testing.T) {
	dir := t.TempDir()
	p := profiles{cpu: filepath.Join(dir, "cpu"), memory: filepath.Join(dir, "mem"), trace: filepath.Join(dir, "trace")}
	stop, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{p.cpu, p.memory, p.trace} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, or it is empty", path, err)
		}
	}
}

func TestAProfileThatCannotBeWrittenIsWrongUsage(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "p"), filepath.Join(t.TempDir(), "no folder", "p")
	for _, p := range []profiles{{cpu: bad}, {trace: bad}, {memory: bad}, {cpu: good, trace: bad}} {
		_, err := p.start()
		if f := fault.Find(err); f == nil || f.Code != fault.Usage {
			t.Errorf("%+v: %v, expected exit code %d", p, err, fault.Usage)
		}
	}
	// The profiles that had begun have ended.
	stop, err := profiles{cpu: good}.start()
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
