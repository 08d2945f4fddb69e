package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tripstats/testdata/scripting"
)

// TestScripts runs the files of testdata/script, one behaviour of the program each. Package scripting has their commands. The programs
// tripstats and gen (testdata/gen) are on the path. $DATA is the folder of real data; [data] tells whether it is there.
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
			switch name {
			case "data":
				_, err := os.Stat(data)
				return err == nil, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: scripting.Commands,
	})
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
