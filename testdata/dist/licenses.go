package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// licenses writes the licences and notices of all modules that the program of any platform has in it, and of Go itself: their authors ask that
// copies of the program come with them.
func licenses(w io.Writer, pkg string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	dirs := map[string]string{"Go " + runtime.Version(): strings.TrimSpace(string(root))} // by module and version
	for _, p := range platforms {
		cmd := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}`, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("go list: %w: %s", err, stderr.String())
		}
		for l := range strings.Lines(string(out)) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(l), "\t"); ok {
				dirs[module] = dir
			}
		}
	}
	var names []string
	for name := range dirs {
		names = append(names, name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	b.WriteString("The program has code of these modules in it. Their licences and notices follow.\n\n")
	b.WriteString(strings.Join(names, "\n") + "\n")
	var without []string
	for _, name := range names {
		texts, err := licenseTexts(dirs[name])
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			without = append(without, name)
		}
		for _, text := range texts {
			fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 100), name, bytes.TrimSpace(text))
		}
	}
	if len(without) > 0 {
		return fmt.Errorf("found no licence of %s", strings.Join(without, ", "))
	}
	_, err = w.Write(b.Bytes())
	return err
}

// licenseTexts returns the texts of licences and notices in the folder of a module.
func licenseTexts(dir string) (texts [][]byte, err error) {
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "PATENTS*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			info, err := os.Stat(path)
			if err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	return texts, nil
}
