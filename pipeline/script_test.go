package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tripstats/testdata"
)

// TestScripts runs the files of testdata/script, one behaviour of the program each. They have testscript's commands and
//
//	exits CODE PROGRAM ARG...   runs a program, which must end with this exit code
//	sample DIR                  writes the files of the sample into a folder
//
// The programs tripstats and gen (testdata/gen) are on the path. $DATA is the folder of real data; [data] tells whether it is there.
func TestScripts(t *testing.T) {
	bin := filepath.Dir(program(t))
	generator(t, bin)
	data := os.Getenv("TRIPSTATS_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "shared", "data")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: updating(),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("DATA", data)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "data" {
				return false, errors.New("unknown condition")
			}
			_, err := os.Stat(data)
			return err == nil, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"sample": writeSample,
		},
	})
}

// exits is the command exits of scripts.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
	}
	if got != want {
		ts.Fatalf("%s: found exit code %d, expected %d", strings.Join(args[1:], " "), got, want)
	}
}

// writeSample is the command sample of scripts.
func writeSample(ts *testscript.TestScript, neg bool, args []string) {
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

var builtGenerator struct {
	once sync.Once
	err  error
}

// generator builds testdata/gen into a folder.
func generator(t *testing.T, dir string) {
	t.Helper()
	builtGenerator.once.Do(func() {
		out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "gen"), "../testdata/gen").CombinedOutput()
		if err != nil {
			builtGenerator.err = errors.New(string(out))
		}
	})
	if builtGenerator.err != nil {
		t.Fatal(builtGenerator.err)
	}
}
