// Package scripting has the commands of the scripts in pipeline/testdata/script, beside testscript's own:
//
//	exits CODE PROGRAM ARG...      runs a program, which must end with this exit code
//	fails CODE ARG...              runs tripstats, which must end with this code as a failure does: nothing on stdout, one line on
//	                               stderr (and notes) without the inside of the program, and no secret
//	each CODE FILE                 the same for each line of a file: the arguments, then " => " and the texts that the line on
//	                               stderr has, apart by two spaces. A line that ends with " => " alone wants no text
//	runners ARG...                 runs tripstats with each runner that works in one process, which must succeed
//	sample DIR                     writes the files of the sample into a folder
//	trips FILE CHANGE...           writes a file of two trips of yellow taxis; see [Trips]
//	rows FILE COLUMN...            prints some columns of all rows of a parquet file; "-" is a null
//	reads FILE MONTHS ZONES ARG... reads a file with each runner and compares both tables of raw
//	about FILE                     prints what a parquet file says of itself: a line KEY=VALUE for each key of the program
//	ledger DIR RULE...             prints the rows of rules in the ledger of an output, added up
//	serve NAME DIR [STATUS]        serves the files of a folder, by their base names, at the address $NAME; its host and port are
//	                               $NAME_HOST. With STATUS it answers that alone
//	refuse NAME                    sets $NAME to an address at which nobody listens
package scripting

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tripstats/testdata"
)

// Commands are the commands by name.
var Commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":   exits,
	"fails":   fails,
	"each":    each,
	"runners": runners,
	"sample":  sample,
	"trips":   trips,
	"rows":    rows,
	"about":   about,
	"reads":   reads,
	"ledger":  ledger,
	"serve":   serve,
	"refuse":  refuse,
	"settle":  settle,
}

// settle waits until the program can rely on the times of files that were just written: it keeps no results of a file that changed less
// than two seconds ago.
func settle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: settle")
	}
	time.Sleep(2100 * time.Millisecond)
}

// run runs a program and returns its exit code.
func run(ts *testscript.TestScript, args []string) int {
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return 0
}

func code(ts *testscript.TestScript, neg bool, args []string, least int, usage string) int {
	want, err := strconv.Atoi(strings.Join(args[:min(1, len(args))], ""))
	if neg || len(args) < least || err != nil {
		ts.Fatalf("usage: %s", usage)
	}
	return want
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want := code(ts, neg, args, 2, "exits CODE PROGRAM ARG...")
	if got := run(ts, args[1:]); got != want {
		ts.Fatalf("%s: found exit code %d, expected %d", strings.Join(args[1:], " "), got, want)
	}
}

// Innards are words that a user must never see without --verbose.
var Innards = []string{"goroutine ", "panic", "runtime error", "fatal error", "SIGSEGV", "INFO", "WARN", "level=", ".go:", "DoFn", "caused by", "[tripstats", "[/tripstats", "%!"}

func fails(ts *testscript.TestScript, neg bool, args []string) {
	want := code(ts, neg, args, 1, "fails CODE ARG...")
	failing(ts, want, args[1:])
}

// failing runs the program, which must fail as users may see it, and returns what it wrote to stderr.
func failing(ts *testscript.TestScript, want int, args []string) string {
	command := "tripstats " + strings.Join(args, " ")
	got := run(ts, append([]string{"tripstats"}, args...))
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	lines := 0
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "tripstats: note: ") {
			lines++
		}
		if !strings.HasPrefix(line, "tripstats: ") {
			ts.Fatalf("%s: found a line on stderr that is not the program's", command)
		}
	}
	for _, word := range append([]string{"secret"}, Innards...) {
		if strings.Contains(stderr, word) {
			ts.Fatalf("%s: found %q on stderr", command, word)
		}
	}
	switch {
	case got != want:
		ts.Fatalf("%s: found exit code %d, expected %d", command, got, want)
	case stdout != "":
		ts.Fatalf("%s: found something on stdout", command)
	case lines != 1:
		ts.Fatalf("%s: found %d lines on stderr, expected one", command, lines)
	}
	return stderr
}

func each(ts *testscript.TestScript, neg bool, args []string) {
	want := code(ts, neg, args, 2, "each CODE FILE")
	cases := 0
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		line = strings.TrimSuffix(line, "\n")
		command, texts, isCase := strings.Cut(line, " =>")
		if !isCase {
			ts.Fatalf("%s: found %q, expected arguments, => and texts", args[1], line)
		}
		cases++
		stderr := failing(ts, want, strings.Fields(os.Expand(command, ts.Getenv)))
		for _, text := range strings.Split(strings.TrimSpace(texts), "  ") {
			if !strings.Contains(stderr, os.Expand(strings.TrimSpace(text), ts.Getenv)) {
				ts.Fatalf("tripstats %s: found no %q on stderr", command, text)
			}
		}
	}
	if cases == 0 {
		ts.Fatalf("%s: found no line", args[1])
	}
}

func runners(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: runners ARG...")
	}
	for _, runner := range []string{"prism", "direct"} {
		// Each runner reads all inputs, however long the runner before took.
		if got := run(ts, append([]string{"tripstats", "--runner=" + runner, "--reuse=false"}, args...)); got != 0 {
			ts.Fatalf("--runner=%s %s: found exit code %d, expected 0", runner, strings.Join(args, " "), got)
		}
	}
}

func sample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sample DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	files, err := testdata.Sample.ReadDir("sample")
	ts.Check(err)
	for _, f := range files {
		content, err := testdata.Sample.ReadFile("sample/" + f.Name())
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(dir, f.Name()), content, 0o666))
	}
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: serve NAME DIR [STATUS]")
	}
	dir, status := ts.MkAbs(args[1]), 0
	if len(args) == 3 {
		var err error
		status, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeFile(w, r, filepath.Join(dir, path.Base(r.URL.Path)))
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
	ts.Setenv(args[0]+"_HOST", strings.TrimPrefix(server.URL, "http://"))
}

func refuse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: refuse NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], l.Addr().String())
}
