// Package docs tests the documents of the repository: what they show is run, what they list is compared with the code, and their links
// lead somewhere.
package docs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tripstats/testdata"
)

// The fenced blocks of the documents, by the word after the fence:
//
//	console    commands after "$ ", with more lines of a command after "> ", and what they print. They are run
//	python     run, if Python has what the block imports
//	sql        run with DuckDB, if Python has it
//	output     what the block before it prints
//	go         code that stands in a Go file below the folder of the document
//	text       a drawing, or a form that is neither run nor checked
//
// All other blocks, such as sh and yaml, need something that the tests do not have. Their first line is a comment that says so:
// "# Needs Docker." A python or sql block that begins so is not run either.
//
// The blocks of one document are run in order, in one folder that has the made-up sample below raw_data, by year, and the program
// as bin/tripstats and on the path. In what is expected, a line "..." stands for any lines, and "..." in a line for any text.
const needs = "Needs "

// root is the folder of the repository, from that of this test.
const root = "../.."

var update = flag.Bool("update", false, "write what the program prints into the documents")

// program is the built program.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "tripstats-docs-")
	if err == nil {
		program = filepath.Join(dir, "tripstats")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "tripstats/pipeline").CombinedOutput(); err != nil {
			err = fmt.Errorf("go build: %w: %s", err, out)
		}
	}
	code := 1
	if err == nil {
		code = m.Run()
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// block is a fenced block of a document.
type block struct {
	kind  string
	first int // the line of its first line of text, from 1
	lines []string
}

func (b block) text() string { return strings.Join(b.lines, "\n") + "\n" }

// needing returns what a block needs that tests do not have, or "".
func (b block) needing() string {
	if len(b.lines) == 0 {
		return ""
	}
	rest, found := strings.CutPrefix(strings.TrimLeft(b.lines[0], "#/- "), needs)
	if !found {
		return ""
	}
	return rest
}

// documents returns the paths of all documents, from the folder of this test.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "out") {
			return filepath.SkipDir
		}
		if err == nil && (d.Name() == "README.md" || d.Name() == "recipes.md") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 7 {
		t.Fatalf("found %d documents, expected at least 7: %q", len(found), found)
	}
	return found
}

// blocksOf returns the fenced blocks of a document.
func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	open := false
	for i, l := range strings.Split(string(content), "\n") {
		fence, isFence := strings.CutPrefix(l, "```")
		switch {
		case isFence && open:
			open = false
		case isFence:
			open = true
			all = append(all, block{kind: fence, first: i + 2})
		case open:
			last := &all[len(all)-1]
			last.lines = append(last.lines, l)
		}
	}
	if open {
		t.Errorf("%s: line %d: the block has no end", path, all[len(all)-1].first)
	}
	return all
}

// TestDocsRun runs what the documents show.
func TestDocsRun(t *testing.T) {
	for _, path := range documents(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(path), "../../"), func(t *testing.T) {
			s := newSession(t)
			s.play(t, path, blocksOf(t, path))
		})
	}
}

// session is where the blocks of one document are run.
type session struct {
	dir, bin string
	python   string            // "" if there is none
	fixed    map[string]string // with -update: what stands in the document, and what should
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{dir: t.TempDir(), bin: t.TempDir(), fixed: map[string]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(s.dir, "bin"), 0o777))
	must(os.Symlink(program, filepath.Join(s.dir, "bin", "tripstats")))
	must(os.Symlink(program, filepath.Join(s.bin, "tripstats")))
	// The documents say go run ./pipeline; what that compiles is this program.
	must(os.WriteFile(filepath.Join(s.bin, "go"), []byte("#!/bin/sh\n[ \"$1 $2\" = 'run ./pipeline' ] || exit 1\nshift 2\nexec tripstats \"$@\"\n"), 0o777))
	files, err := testdata.Sample.ReadDir("sample")
	must(err)
	for _, f := range files {
		content, err := testdata.Sample.ReadFile("sample/" + f.Name())
		must(err)
		_, month, _ := strings.Cut(f.Name(), "_tripdata_")
		year := filepath.Join(s.dir, "raw_data", month[:4])
		must(os.MkdirAll(year, 0o777))
		must(os.WriteFile(filepath.Join(year, f.Name()), content, 0o666))
	}
	python, err := filepath.Abs(filepath.Join(root, ".venv", "bin", "python"))
	must(err)
	if _, err := os.Stat(python); err == nil {
		s.python = python
	}
	return s
}

// play runs the blocks of a document.
func (s *session) play(t *testing.T, path string, blocks []block) {
	printed := "" // what the last block has printed, if it was run
	for i, b := range blocks {
		place := fmt.Sprintf("%s: line %d", path, b.first)
		switch what := b.needing(); {
		case what != "":
			t.Logf("%s: not run: needs %s", place, what)
		case b.kind == "console":
			s.console(t, path, b)
		case b.kind == "python", b.kind == "sql":
			printed = s.script(t, place, b)
			if next := i + 1; next == len(blocks) || blocks[next].kind != "output" {
				t.Errorf("%s: found no output block after it", place)
			}
		case b.kind == "output":
			if printed != "" {
				s.compare(t, place, b.text(), printed)
			}
			printed = ""
		case b.kind == "go":
			if !inGoFiles(t, filepath.Dir(path), b.text()) {
				t.Errorf("%s: no Go file below has this code", place)
			}
		case b.kind != "text":
			t.Errorf("%s: found a block of %q that does not begin with a comment %q: say what it needs, or make it a console block", place, b.kind, needs+"...")
		}
	}
	if *update {
		s.update(t, path)
	}
}

// console runs the commands of a block, one after the other.
func (s *session) console(t *testing.T, path string, b block) {
	for i := 0; i < len(b.lines); {
		place := fmt.Sprintf("%s: line %d", path, b.first+i)
		command, isCommand := strings.CutPrefix(b.lines[i], "$ ")
		if !isCommand {
			t.Errorf("%s: found %q, expected a command after $", place, b.lines[i])
			return
		}
		for i++; i < len(b.lines) && strings.HasPrefix(b.lines[i], "> "); i++ {
			command += "\n" + b.lines[i][2:]
		}
		want := ""
		for ; i < len(b.lines) && !strings.HasPrefix(b.lines[i], "$ "); i++ {
			want += b.lines[i] + "\n"
		}
		got, _ := s.run(t, "/bin/sh", "-c", command) // its status is in what is compared
		s.compare(t, place+": "+command, want, got)
	}
}

// script runs a block of Python or SQL and returns what it prints; "" if the tools for it are not there.
func (s *session) script(t *testing.T, place string, b block) string {
	code := b.text()
	if b.kind == "sql" {
		code = "import duckdb\nduckdb.sql('''" + code + "''').show()\n"
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:import|# pip install) (.+)$`).FindAllStringSubmatch(code, -1) {
		for _, name := range strings.Fields(strings.Split(m[1], " as ")[0]) {
			if s.python == "" {
				t.Logf("%s: not run: needs Python with %s in .venv (make verify)", place, name)
				return ""
			}
			if err := exec.Command(s.python, "-c", "import "+name).Run(); err != nil {
				t.Logf("%s: not run: needs Python's %s in .venv", place, name)
				return ""
			}
		}
	}
	out, err := s.run(t, s.python, "-c", code)
	if err != nil { // an error is never what a document means to show, even if somebody wrote it there
		t.Errorf("%s: the block failed (%v):\n%s", place, err, out)
		return ""
	}
	return out
}

// run runs a command and returns what it writes, to stdout and to stderr.
func (s *session) run(t *testing.T, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PATH="+s.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TMPDIR="+t.TempDir(), "HOME="+s.dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil {
		fmt.Fprintf(&out, "(%v)\n", err)
	}
	return out.String(), err
}

// compare compares what a document shows with what was printed.
func (s *session) compare(t *testing.T, place, want, got string) {
	t.Helper()
	var lines strings.Builder
	for l := range strings.Lines(got) {
		lines.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
	if got = strings.TrimRight(lines.String(), "\n"); got != "" {
		got += "\n"
	}
	if !shows(want).MatchString(got) {
		s.fixed[want] = got
		t.Errorf("%s\nfound:\n%s\nexpected:\n%s\n-update writes what was found into the document", place, got, want)
	}
}

// shows returns what matches all texts that a text of a document stands for.
func shows(text string) *regexp.Regexp {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if l = strings.TrimRight(l, " \n"); l == "..." {
			b.WriteString(`(.*\n)*`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(l), `\.\.\.`, `.*`) + `\n`)
	}
	return regexp.MustCompile(`\A` + b.String() + `\z`)
}

// update writes what was found into the document.
func (s *session) update(t *testing.T, path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for want, got := range s.fixed {
		if want != "" {
			text = strings.ReplaceAll(text, want+"```", got+"```")
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// inGoFiles tells whether code stands in a Go file below a folder.
func inGoFiles(t *testing.T, dir, code string) bool {
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || found || filepath.Ext(path) != ".go" {
			return err
		}
		content, err := os.ReadFile(path)
		found = found || strings.Contains(string(content), code)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDocsLinksLead tells whether the links between the documents lead to files, folders and headings that exist.
func TestDocsLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, path := range documents(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			file, heading, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			info, err := os.Stat(target)
			if err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", path, m[1], err)
				continue
			}
			if info.IsDir() {
				target = filepath.Join(target, "README.md")
			}
			if heading != "" && !slices.Contains(headings(t, target), heading) {
				t.Errorf("%s: the link %s leads to no heading of %s, which has %q", path, m[1], target, headings(t, target))
			}
		}
	}
}

// headings returns the headings of a document as links name them.
func headings(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for l := range strings.Lines(string(content)) {
		if text := strings.TrimLeft(l, "#"); text != l && strings.HasPrefix(text, " ") {
			text = regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
			all = append(all, strings.ReplaceAll(text, " ", "-"))
		}
	}
	return all
}

// TestReadmeIsShort keeps the first page one that people read: what is long goes to the documents of the folders.
func TestReadmeIsShort(t *testing.T) {
	content, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), "\n"); n > 120 {
		t.Errorf("README.md: found %d lines, expected at most 120", n)
	}
}
