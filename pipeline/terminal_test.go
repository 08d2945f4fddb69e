//go:build unix

package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/gofrs/flock"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// onTerminal starts a run whose stderr is a terminal, and its stdout too if both is true. What the terminal gets is the stderr of the run.
func onTerminal(t *testing.T, c command, width int, both bool) started {
	t.Helper()
	cmd, stdout, stderr, cancel := c.prepare(program(t), t.TempDir())
	t.Cleanup(cancel)
	control, terminal, err := pty.Open()
	if err != nil {
		t.Skipf("this machine gives no terminal: %v", err)
	}
	t.Cleanup(func() { control.Close() }) //nolint:errcheck // a terminal
	if err := pty.Setsize(control, &pty.Winsize{Rows: 24, Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	if cmd.Stderr = terminal; both {
		cmd.Stdout = terminal
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	s := started{cmd, stdout, &said{text: stderr}, c.args, make(chan struct{})}
	go func() {
		b := make([]byte, 4096)
		for { // until all that have the terminal open have ended
			n, err := control.Read(b)
			s.stderr.Write(b[:n]) //nolint:errcheck // a buffer
			if err != nil {
				break
			}
		}
		_ = cmd.Wait() // the exit code says it all
		close(s.over)
	}()
	return s
}

// shownAtEnd is what stays on a terminal: without what has been erased, on lines that are never full.
func shownAtEnd(text string) string {
	text = erased.ReplaceAllString(text, "")
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// erased is a line that was drawn and taken off.
var erased = regexp.MustCompile(`[^\n]*\r\x1b\[J`)

// TestABarOnATerminal holds a run at its rows until the terminal shows the bar, and what is waited for. At the end the bar is gone; what
// follows begins on a line of its own, and stdout has the tables alone.
func TestABarOnATerminal(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 20_000))
	want := runOnce(t, command{args: []string{"--input=" + path, "--output=first"}, dir: dir}).succeeds(t)
	for _, both := range []bool{false, true} {
		gate := fakes.NewGate(t, 0, path)
		s := onTerminal(t, command{args: []string{"--input=" + gate.Addresses, "--output=out"}, dir: dir, env: []string{"TERM=xterm"}}, 80, both)
		s.untilHeld(t, gate)
		s.untilSays(t, "  0%  [..........]  ")
		s.untilSays(t, " s for http://127.0.0.1:")
		gate.Open()
		r := s.wait()
		shown := shownAtEnd(r.stderr)
		if r.code != 0 || strings.Contains(shown, "\x1b") || strings.Contains(shown, "%") {
			t.Fatalf("found exit code %d and on the terminal\n%q", r.code, shown)
		}
		if both {
			shown = strings.TrimPrefix(shown, want.stdout)
		} else if r.stdout != want.stdout {
			t.Errorf("found on stdout %q, expected %q", r.stdout, want.stdout)
		}
		if !strings.HasPrefix(shown, "tripstats: done ") || strings.Count(shown, "\n") != 1 {
			t.Errorf("found %q, expected the summary alone", shown)
		}
		for _, line := range strings.FieldsFunc(r.stderr, func(r rune) bool { return r == '\r' || r == '\n' }) {
			if bar := strings.TrimPrefix(line, "\x1b[J"); strings.Contains(bar, "%  [") && len(bar) >= 80 {
				t.Errorf("found a bar of %d cells: %q", len(bar), bar)
			}
		}
		if err := os.RemoveAll(filepath.Join(dir, "out")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAQuestionHasABarToo asks a question, and stops it by a signal while the bar is there.
func TestAQuestionHasABarToo(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 20_000))
	for _, stop := range []bool{false, true} {
		gate := fakes.NewGate(t, 0, path)
		s := onTerminal(t, command{args: []string{"query", "SELECT count(*) AS trips FROM trips", "--input=" + gate.Addresses}, dir: dir, env: []string{"TERM=xterm"}}, 80, false)
		s.untilHeld(t, gate)
		s.untilSays(t, "  0%  [..........]  ")
		if stop {
			if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		} else {
			gate.Open()
		}
		r := s.wait()
		shown := shownAtEnd(r.stderr)
		switch {
		case stop && (r.code != 130 || shown != "tripstats: stopped by interrupt; the output is whole\n"):
			t.Errorf("found exit code %d and %q", r.code, shown)
		case !stop && (r.code != 0 || shown != "" || !strings.HasPrefix(r.stdout, "trips\n")):
			t.Errorf("found exit code %d, %q and %q on stdout", r.code, shown, r.stdout)
		}
	}
}

// TestNoCodesReachWhatDoesNotUnderstandThem runs on a terminal that only shows text, on one with --log=plain and --log=json, and in a pipe.
func TestNoCodesReachWhatDoesNotUnderstandThem(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 20_000))
	for _, c := range []struct {
		form, term string
		held       string // what is written while the run is held; "" for nothing
	}{
		{"auto", "dumb", ""},
		{"auto", "", ""},
		{"plain", "xterm", "tripstats: read 0%: "},
		{"json", "xterm", `"type":"status","stage":"reading","files":1,"files_done":0,`},
	} {
		gate := fakes.NewGate(t, 0, path)
		s := onTerminal(t, command{args: []string{"--input=" + gate.Addresses, "--output=out", "--reuse=false", "--log=" + c.form}, dir: dir, env: []string{"TERM=" + c.term}}, 80, false)
		s.untilHeld(t, gate)
		if c.held != "" {
			s.untilSays(t, c.held)
			s.untilSays(t, " s for http://127.0.0.1:")
		}
		gate.Open()
		r := s.wait()
		if r.code != 0 || strings.Contains(r.stderr, "\x1b") || strings.Contains(strings.ReplaceAll(r.stderr, "\r\n", ""), "\r") {
			t.Errorf("%v: found exit code %d and %q", c, r.code, r.stderr)
		}
		if lines := strings.Count(r.stderr, "\n"); (c.held == "") != (lines == 1) {
			t.Errorf("%v: found %d lines: %q", c, lines, r.stderr)
		}
	}
	var out bytes.Buffer
	gate := fakes.NewGate(t, 0, path)
	gate.Open()
	cmd := exec.Command(program(t), "--input="+gate.Addresses, "--output=out", "--reuse=false")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "TERM=xterm"), &out
	if err := cmd.Run(); err != nil || strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("in a pipe: found %v and %q, expected one line", err, out.String())
	}
}

// TestNamesDoNotControlATerminal reads files whose names have codes, or change the direction of the text around them.
func TestNamesDoNotControlATerminal(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 3000))
	for name, shown := range map[string]string{
		"a\x1b[31m\x07\u009b2J_2019-08.parquet":                  "read a?[31m??2J_2019-08.parquet taxi=yellow ",
		"\u202egpj\u2066_2019-08.parquet":                        "read ?gpj?_2019-08.parquet taxi=yellow ",
		"מונית_2019-08.parquet":                                  "read מונית_2019-08.parquet taxi=yellow ",
		strings.Repeat("計", 70) + "_2019-08.parquet":             "read " + strings.Repeat("計", 70) + "_2019-08.parquet taxi=yellow ",
		"a'\"</script>_2019-08.parquet":                          "",
		"%s%!d(MISSING)" + strings.Repeat("n", 200) + ".parquet": "read %s%!d(MISSING)" + strings.Repeat("n", 200) + ".parquet taxi=yellow ",
	} {
		file := filepath.Join(dir, "raw", name)
		if shown == "" { // a folder has the slash
			shown = "read a'\"<?script>_2019-08.parquet taxi=yellow "
			file = filepath.Join(dir, "raw", strings.ReplaceAll(name, "/", "\x01"))
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.Link(path, file)); err != nil {
			t.Skipf("this file system has no such names: %v", err)
		}
		s := onTerminal(t, command{args: []string{"--input=raw", "--output=" + t.TempDir(), "--verbose"}, dir: dir, env: []string{"TERM=xterm"}}, 80, false)
		r := s.wait()
		if text := shownAtEnd(r.stderr); r.code != 0 || !strings.Contains(text, "tripstats: "+shown) || strings.ContainsAny(text, "\x1b\x07\u009b\u202e\u2066\x01") {
			t.Errorf("%q: found exit code %d and %q, expected %q", name, r.code, text, shown)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWaitingForTheLockIsShown holds the lock of the output until the run has told that it waits.
func TestWaitingForTheLockIsShown(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "out", ".tripstats")
	if err := os.MkdirAll(state, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"auto", "plain", "json"} {
		lock := flock.New(filepath.Join(state, "lock"))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		s := onTerminal(t, command{args: []string{"--input=sample", "--output=out", "--log=" + form}, dir: dir, env: []string{"TERM=xterm"}}, 100, false)
		s.untilSays(t, " s for the run that is publishing to out")
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		if r := s.wait(); r.code != 0 || form == "auto" && strings.Contains(shownAtEnd(r.stderr), " s for the run") {
			t.Errorf("--log=%s: found exit code %d and %q", form, r.code, r.stderr)
		}
	}
}
