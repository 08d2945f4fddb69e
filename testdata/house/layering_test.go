// Package house tests the rules of the whole repository: which package may import which, what may read the process, and which package
// variables may change.
package house

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestImportsPointOneWay protects the layers: pipeline imports all; io and transforms share only the elements that cross between
// them, the faults, and the counts for whoever watches; objstore imports neither Beam nor Arrow.
func TestImportsPointOneWay(t *testing.T) {
	const beamPath, arrowPath = "github.com/apache/beam/", "github.com/apache/arrow-go/"
	shared := []string{"tripstats/transforms/element", "tripstats/transforms/fault", "tripstats/transforms/watch"}
	packages := list(t, "./...")
	if len(packages) < 8 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for _, p := range packages {
		path, _ := strings.CutPrefix(p.ImportPath, "tripstats/")
		for _, imported := range p.Imports {
			other, own := strings.CutPrefix(imported, "tripstats/")
			bad := ""
			switch {
			case strings.HasPrefix(path, "io/objstore") && (own || strings.HasPrefix(imported, beamPath) || strings.HasPrefix(imported, arrowPath)):
				bad = "objstore stands alone"
			case path == "io/delta" && (strings.HasPrefix(other, "transforms/") || strings.HasPrefix(imported, beamPath) || other == "io/source" || other == "io/parquetio"):
				bad = "delta knows neither Beam nor trips"
			case strings.HasPrefix(path, "io/") && own && !strings.HasPrefix(other, "io/") && !slices.Contains(shared, imported):
				bad = "io knows of transforms the elements, faults and counts only"
			case slices.Contains(shared, p.ImportPath) && own && !slices.Contains(shared, imported):
				bad = "what all share imports none of them"
			case strings.HasPrefix(path, "transforms/") && own && !strings.HasPrefix(other, "transforms/"):
				bad = "transforms know neither storage nor runners"
			case (path == "io/source" || path == "io/source/sourcetest") && other == "io/parquetio":
				bad = "formats know of source, not the other way round"
			case strings.HasPrefix(path, "runners") && own && !slices.Contains(shared, imported) && !strings.HasPrefix(other, "runners/"):
				bad = "runners know the elements only"
			case strings.HasPrefix(imported, beamPath+"sdks/v2/go/pkg/beam/io/parquetio"):
				bad = "Beam's own parquetio reads whole files into memory"
			}
			if bad != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, bad)
			}
		}
		if path == "io" && len(p.GoFiles) > 0 {
			t.Error("there is a Go file directly in io: it would hide the standard library's io")
		}
	}
}

// TestDoFnsAreRegisteredByReflection protects the size of the program: each use of Beam's generic register.DoFnNxM adds megabytes of
// code, and saves only a little time for each batch. Combiner1, EmitterN, IterN and FunctionNxM are small.
func TestDoFnsAreRegisteredByReflection(t *testing.T) {
	read := 0
	for _, p := range list(t, "./...") {
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if read++; strings.Contains(string(b), "register."+"DoFn") {
				t.Errorf("%s/%s: register.DoFn, expected beam.RegisterDoFn", p.ImportPath, name)
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d files read", read)
	}
}

// TestTheMakefilesTagsLeaveOutWhatIsNotUsed protects the size of the program too: Go does not report a tag that no dependency
// has.
func TestTheMakefilesTagsLeaveOutWhatIsNotUsed(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tags := regexp.MustCompile(`(?m)^override TAGS := (\S+)$`).FindSubmatch(makefile)
	if tags == nil {
		t.Fatal("the Makefile has no TAGS")
	}
	packages := list(t, "-deps", "-tags="+string(tags[1]), "./pipeline")
	if len(packages) < 500 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for _, p := range packages {
		for _, unused := range []string{"github.com/envoyproxy/", "google.golang.org/grpc/xds", "github.com/goccy/go-json"} {
			if strings.HasPrefix(p.ImportPath, unused) {
				t.Errorf("with the tags %s %s is compiled", tags[1], p.ImportPath)
			}
		}
	}
}

type listed struct {
	Dir        string
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"list", "-json=Dir,ImportPath,Imports,GoFiles"}, args...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
