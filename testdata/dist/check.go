package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// check looks at all that pack has made, and runs the program of this machine's platform. It says on w what it did.
func check(w io.Writer, version, out string) error {
	files, err := below(out)
	if err != nil {
		return err
	}
	content := map[string][]byte{}
	var wanted []string
	for _, p := range platforms {
		wanted = append(wanted, p.archive(version), p.folder(version)+".cdx.json")
	}
	for _, f := range files {
		if content[f.name] = f.content; f.name != sumsName && !slices.Contains(wanted, f.name) {
			return fmt.Errorf("%s: found it in %s, expected only what was packed", f.name, out)
		}
	}
	listed := content[sumsName]
	delete(content, sumsName)
	if found := sums(content); len(content) != len(wanted) || !bytes.Equal(listed, found) {
		return fmt.Errorf("%s: found\n%s\nexpected the %d files\n%s", sumsName, listed, len(wanted), found)
	}
	for _, p := range platforms {
		entries, err := unpacked(p, version, content[p.archive(version)])
		if err == nil {
			err = checkEntries(p, version, entries, content[p.folder(version)+".cdx.json"])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.archive(version), err)
		}
		if p.os != runtime.GOOS || p.arch != runtime.GOARCH {
			fmt.Fprintf(w, "dist: %s: contents checked; not run: this machine is %s/%s\n", p.archive(version), runtime.GOOS, runtime.GOARCH)
			continue
		}
		if err := runUnpacked(p, version, entries); err != nil {
			return fmt.Errorf("%s: %w", p.archive(version), err)
		}
		fmt.Fprintf(w, "dist: %s: contents checked, unpacked and run\n", p.archive(version))
	}
	return nil
}

// contents are the names of the files of an archive, without the program.
var contents = []string{"LICENSES.txt", "README.txt", "completion/_tripstats", "completion/tripstats.bash", "completion/tripstats.fish"}

// checkEntries compares the files of an archive with what they should be.
func checkEntries(p platform, version string, entries []entry, sbom []byte) error {
	var found []string
	for _, e := range entries[1:] {
		found = append(found, e.name)
		if len(e.content) == 0 || e.mode != 0o644 {
			return fmt.Errorf("%s: found %d bytes and mode %v, expected a text of mode %v", e.name, len(e.content), e.mode, os.FileMode(0o644))
		}
	}
	program := entries[0]
	if program.name != p.program() || program.mode != 0o755 || !slices.Equal(found, contents) {
		return fmt.Errorf("found %s (%v) and %q, expected %s (%v) and %q", program.name, program.mode, found, p.program(), os.FileMode(0o755), contents)
	}
	info, err := buildinfo.Read(bytes.NewReader(program.content))
	if err != nil {
		return fmt.Errorf("%s: %w", program.name, err)
	}
	built := map[string]string{}
	for _, s := range info.Settings {
		built[s.Key] = s.Value
	}
	for key, want := range map[string]string{"GOOS": p.os, "GOARCH": p.arch, "CGO_ENABLED": "0", "-trimpath": "true"} {
		if built[key] != want {
			return fmt.Errorf("%s: found %s=%s, expected %s", program.name, key, built[key], want)
		}
	}
	var bom struct {
		BOMFormat  string
		Metadata   struct{ Component struct{ Version string } }
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(sbom, &bom); err != nil || bom.BOMFormat != "CycloneDX" || bom.Metadata.Component.Version != version {
		return fmt.Errorf("SBOM: found %q of version %q (%v), expected CycloneDX of version %s", bom.BOMFormat, bom.Metadata.Component.Version, err, version)
	}
	for _, d := range info.Deps {
		named := strings.TrimSpace(d.Path + " " + d.Version)
		if !slices.ContainsFunc(bom.Components, func(c struct{ Name, Version string }) bool { return c.Name == d.Path && c.Version == d.Version }) {
			return fmt.Errorf("SBOM: found no %s, which the program has in it", named)
		}
		if !bytes.Contains(entries[1].content, []byte("\n"+named+"\n")) {
			return fmt.Errorf("%s: found no licence of %s, which the program has in it", entries[1].name, named)
		}
	}
	return nil
}

// runUnpacked runs the program of an archive on the sample with as few rights as possible. The user is not root. The program cannot write to
// its folder. It has no home, no path and no folder for temporary files.
func runUnpacked(p platform, version string, entries []entry) (err error) {
	dir, err := os.MkdirTemp("", "tripstats-dist-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	home, output := filepath.Join(dir, p.folder(version)), filepath.Join(dir, "stats")
	for _, e := range entries {
		place := filepath.Join(home, filepath.FromSlash(e.name))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, e.content, e.mode); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(output, 0o777), os.Chmod(output, 0o777), os.Chmod(home, 0o555)); err != nil {
		return err
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"version"}, "tripstats " + version + ", revision "},
		{[]string{"--input=sample", "--output=" + output}, "yellow  2025-02  11998 "},
		{[]string{"check", output}, "tables "},
		{[]string{"report", output, "--to=" + filepath.Join(output, "report.html")}, ""},
		{[]string{"query", "SELECT count(*) AS trips FROM trips", "--input=sample"}, "57992"},
		{[]string{"completion", "bash"}, "complete -F _tripstats tripstats"},
		{[]string{"help", "recipes"}, "RECIPES"},
	} {
		cmd := asNobody(filepath.Join(home, p.program()), c.args...)
		cmd.Dir, cmd.Env = home, []string{"TMPDIR=" + filepath.Join(home, "no-such-folder")}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil || !strings.Contains(stdout.String(), c.want) {
			return fmt.Errorf("tripstats %s: found %v, %q and on stderr %q, expected exit code 0 and %q", strings.Join(c.args, " "), err, stdout.String(), stderr.String(), c.want)
		}
	}
	return nil
}
