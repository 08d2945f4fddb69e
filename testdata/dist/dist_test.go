package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packed packs small files in the place of programs, and returns what pack has made.
func packed(t *testing.T) map[string][]byte {
	t.Helper()
	programs, extra, out := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range platforms {
		dir := filepath.Join(programs, p.os+"-"+p.arch)
		write(filepath.Join(dir, p.program()), "program of "+p.os+" "+p.arch)
		write(filepath.Join(dir, sbomName), "{}")
	}
	for _, name := range contents {
		write(filepath.Join(extra, name), "text "+name)
	}
	if err := pack("1.2.3", programs, extra, out); err != nil {
		t.Fatal(err)
	}
	files, err := below(out)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string][]byte{}
	for _, f := range files {
		made[f.name] = f.content
	}
	return made
}

// TestArchivesHaveTheSameBytesEachTime packs the same files twice, in other folders and at another time.
func TestArchivesHaveTheSameBytesEachTime(t *testing.T) {
	first, second := packed(t), packed(t)
	if !maps.EqualFunc(first, second, bytes.Equal) || len(first) != 2*len(platforms)+1 {
		t.Errorf("found %d files and %d files, expected the same %d", len(first), len(second), 2*len(platforms)+1)
	}
}

// TestAnArchiveHasTheProgramAndWhatBelongsToIt unpacks each archive.
func TestAnArchiveHasTheProgramAndWhatBelongsToIt(t *testing.T) {
	made := packed(t)
	for _, p := range platforms {
		entries, err := unpacked(p, "1.2.3", made[p.archive("1.2.3")])
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range entries {
			found = append(found, e.name+" "+e.mode.String())
		}
		want := []string{p.program() + " -rwxr-xr-x"}
		for _, name := range contents {
			want = append(want, name+" -rw-r--r--")
		}
		if !slices.Equal(found, want) || string(entries[0].content) != "program of "+p.os+" "+p.arch {
			t.Errorf("%s: found %q, expected %q", p.archive("1.2.3"), found, want)
		}
	}
	if _, err := unpacked(platforms[0], "1.2.4", made[platforms[0].archive("1.2.3")]); err == nil {
		t.Error("found no fault in an archive of another version")
	}
}

// TestChecksumsAreThoseOfTheFiles runs sha256sum, if it is there, and damages a file.
func TestChecksumsAreThoseOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range packed(t) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if program, err := exec.LookPath("sha256sum"); err == nil {
		cmd := exec.Command(program, "-c", "--quiet", sumsName)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("sha256sum: %v: %s", err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, platforms[0].archive("1.2.3")), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := check(&bytes.Buffer{}, "1.2.3", dir); err == nil || !strings.HasPrefix(err.Error(), sumsName) {
		t.Errorf("found %v, expected a fault of %s", err, sumsName)
	}
}

// TestLicencesAreThoseOfTheModules looks for the licences of Go and of Beam.
func TestLicencesAreThoseOfTheModules(t *testing.T) {
	var b bytes.Buffer
	if err := licenses(&b, "tripstats/pipeline"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nGo go1.", "\ngithub.com/apache/beam/sdks/v2 v", "The Go Authors", "Apache License"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("found no %q", want)
		}
	}
}

// TestMakeInstallPutsTripstatsWhereGoPutsPrograms installs into a folder of its own.
func TestMakeInstallPutsTripstatsWhereGoPutsPrograms(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is missing")
	}
	for name, c := range map[string]struct{ variable, below string }{"GOBIN": {"GOBIN", ""}, "GOPATH": {"GOPATH", "bin"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command("make", "-s", "-C", filepath.Join("..", ".."), "install")
			// Modules and compiled packages stay where they are.
			cmd.Env = append(os.Environ(), "GOBIN=", "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOCACHE="+goEnv(t, "GOCACHE"), c.variable+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("make install: %v\n%s", err, out)
			}
			out, err := exec.Command(filepath.Join(dir, c.below, "tripstats"), "version").CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), "tripstats ") {
				t.Errorf("found %q, %v, expected the version", out, err)
			}
		})
	}
}

// goEnv returns what go env says.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
