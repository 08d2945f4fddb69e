package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readsOfTheProcess are what asks the process for what it was told, by package.
var readsOfTheProcess = map[string][]string{
	"os":            {"Args", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Clearenv", "Getwd", "Chdir", "TempDir", "UserHomeDir", "UserCacheDir", "UserConfigDir", "Hostname"},
	"syscall":       {"Getenv", "Environ", "Getwd"},
	"path/filepath": {"Abs"}, // the working directory
	"flag":          nil,     // all of it
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts": nil,
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts": nil,
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners":         nil,
}

// mayRead are the files below pipeline that may, and why. Everything else is told by values.
var mayRead = map[string]map[string]string{
	"runners/beamflags.go": {"flag": "the one file for Beam's flags", "gcpopts": "the one file for Beam's flags", "jobopts": "the one file for Beam's flags"},
	"runners/runners.go":   {"os.Getenv": "GOMAXPROCS is told to Go, and goes before what a runner needs"},
	"runners/temp.go": {
		"os.LookupEnv": "prism leaves files in TMPDIR, which cannot be told otherwise", "os.Setenv": "see os.LookupEnv", "os.Unsetenv": "see os.LookupEnv",
		"os.TempDir": "where killed runs left their folders",
	},
	"io/source/memory.go":         {"os.Getenv": "GOGC and GOMEMLIMIT are for Go, and take precedence over the memory of a run"},
	"io/publish/commit.go":        {"filepath.Abs": "the next run may have another working directory"},
	"io/objstore/az.go":           {"os.Getenv": "credentials come the way that the store's own library has them"},
	"io/objstore/azerrors.go":     {"os.Getenv": "a secret of the environment must not be shown"},
	"io/objstore/gs.go":           {"os.Getenv": "the store's own library goes to the emulator that it names"},
	"io/objstore/gslogin.go":      {"os.Getenv": "a message says which credentials were tried"},
	"io/objstore/local.go":        {"filepath.Abs": "a relative path is one from the working directory, and one file has one name"},
	"io/quarantine/quarantine.go": {"filepath.Abs": "whether one folder lies in another"},
	"io/fetch/target.go": {
		"filepath.Abs": "a lock is by place, however it is written", "os.UserCacheDir": "where part files lie if the destination is a bucket",
		"os.TempDir": "if the user has no such folder",
	},
}

// goFiles parses the Go files below folders, without tests and the programs that are apart from the main one.
func goFiles(t *testing.T, folders ...string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, p := range list(t, folders...) {
		path, own := strings.CutPrefix(p.ImportPath, "tripstats/")
		if !own || strings.HasPrefix(path, "runners/") || strings.HasPrefix(path, "testdata") {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files[path+"/"+name] = f
		}
	}
	if len(files) < 20 {
		t.Fatalf("only %d files found", len(files))
	}
	return files
}

// TestNothingBelowPipelineReadsTheProcess protects that a run is told by values: two of them in one process do not know of each other,
// and workers elsewhere have another environment.
func TestNothingBelowPipelineReadsTheProcess(t *testing.T) {
	found := map[string][]string{}
	for file, parsed := range goFiles(t, "./io/...", "./transforms/...", "./runners/...") {
		names := map[string]string{} // of imports in this file, to the path
		for _, imported := range parsed.Imports {
			path := strings.Trim(imported.Path.Value, `"`)
			words, watched := readsOfTheProcess[path]
			name := path[strings.LastIndex(path, "/")+1:]
			if !watched {
				continue
			}
			if imported.Name != nil {
				name = imported.Name.Name
			}
			if len(words) == 0 && name != "_" {
				found[file] = append(found[file], path[strings.LastIndex(path, "/")+1:])
			}
			names[name] = path
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(readsOfTheProcess[names[x.Name]], s.Sel.Name) {
					path := names[x.Name]
					found[file] = append(found[file], path[strings.LastIndex(path, "/")+1:]+"."+s.Sel.Name)
				}
			}
			return true
		})
	}
	for file, names := range found {
		for _, name := range names {
			if mayRead[file][name] == "" {
				t.Errorf("%s: found %s, expected that a value says it: see the settings of package pipeline", file, name)
			}
		}
	}
	for file, names := range mayRead {
		for name := range names {
			if !slices.Contains(found[file], name) {
				t.Errorf("%s: found no %s any more; remove it from the list", file, name)
			}
		}
	}
}

// mayChange are the package-level variables that change while the program runs, and why. None of them is a setting.
var mayChange = map[string]string{
	"io/objstore.reached":             "hosts that this process has reached",
	"io/objstore.bytesRead":           "counts",
	"io/objstore.requests":            "counts",
	"io/objstore.retries":             "counts",
	"io/objstore.underWay":            "requests of this process that are under way",
	"io/objstore.learnt":              "secrets of this process, which nothing may show",
	"io/objstore.made":                "stores with their connections, by how they are reached",
	"io/objstore.mounts":              "set by init: what the program carries in itself",
	"io/objstore.makers":              "set by init: the kinds of stores",
	"transforms/eights.hasAVX2":       "for tests: they compare with the loops without it",
	"io/objstore.policy":              "for tests",
	"io/objstore.watcher":             "for tests: it sees each step on the disk",
	"io/source.formats":               "set before main: the formats of files",
	"io/publish.formats":              "set before main: the formats of tables",
	"transforms/newyork.zoneTable":    "set by the compiler: the table of zones",
	"transforms/newyork.shapeText":    "set by the compiler: the shapes of zones",
	"transforms/newyork.pointTable":   "set by the compiler: the points of zones",
	"io/report.pageText":              "set by the compiler: the page",
	"io/report.pageStyle":             "set by the compiler: its style",
	"io/report.pageScript":            "set by the compiler: its script",
	"io/source.goal":                  "memory of this process: the limit of the last job",
	"io/source.loosen":                "a lock: the limit is of the process",
	"io/source.late":                  "a lock: the late first collection is of the process",
	"pipeline.topicNames":             "set by init: what show can show",
	"pipeline.commands":               "set by init: commands refer to it",
	"io/parquetio.buffers":            "memory to use again",
	"io/parquetio.slices16":           "memory to use again",
	"io/parquetio.slices32":           "memory to use again",
	"io/parquetio.slices64":           "memory to use again",
	"io/parquetio.readers32":          "memory to use again",
	"io/parquetio.readers64":          "memory to use again",
	"io/parquetio.longFooters":        "a lock: one long footer at a time; and its memory to use again",
	"io/parquetio.tails":              "memory to use again",
	"io/parquetio.chunkRooms":         "memory to use again",
	"io/parquetio.tinies":             "memory to use again",
	"io/parquetio.tinyBatches":        "memory to use again",
	"io/parquetio.knownSchemas":       "schemas to use again, where the next file has the same",
	"io/parquetio.lastSchema":         "a schema to use again, where the next file has the same",
	"transforms/trip.lastNames":       "names to use again, where the next file has the same",
	"io/parquetio.zstdEncoders":       "memory to use again",
	"io/parquetio.lastColumns":        "columns to use again, where the next file has the same",
	"io/parquetio.gaveUp":             "counts",
	"io/parquetio.ahead":              "memory of this process that is taken",
	"io/parquetio.mostAhead":          "memory of this process",
	"io/csvio.spare":                  "memory to use again",
	"io/csvio.ahead":                  "memory of this process that is taken",
	"io/csvio.mostAhead":              "memory of this process",
	"io/publish.answers":              "what the queries of this process have found, by the ID of the run",
	"io/publish.Critical":             "a lock against signals, which are of the process",
	"io/publish.listeners":            "who is told of a run, by its ID",
	"runners.parsing":                 "a lock: Beam's flags are of the process",
	"runners.touched":                 "which of Beam's flags, which are of the process, are not their defaults",
	"runners.temps":                   "TMPDIR is of the process",
	"transforms/element.Groups":       "how much memory groups take in the process: the reader must know",
	"transforms/element.GroupsHeld":   "how much memory groups take in the process: the reader must know",
	"transforms/element.GroupsOfFile": "how much memory the groups of a file will take: the reader must know",
	"transforms/element.rowEncoders":  "functions to use again, by type",
	"transforms/element.structCoders": "functions to use again, by type",
	"transforms/element.rowDecoders":  "functions to use again, by type",
	"transforms/library.text":         "set by the compiler: the SQL of the library",
	"pipeline.recipes":                "set by the compiler: the document of recipes",
	"transforms/watch.runs":           "who watches a run, by its name",
	"transforms/timezone.data":        "set by the compiler: the time zones",
	"pipeline.builtFrom":              "set by the linker",
	"transforms/query.fewOf":          "memory to use again",
	"io/source.loosenAt":              "memory of this process: when the last job loosens its limit",
	"transforms/group.coders":         "memory to use again",
}

// TestNoPackageVariableIsASetting finds the package-level variables that may change: those without a value, those with a lock, a count or
// a pool in them, and those that a function other than init
// assigns to. Each must be on the list.
func TestNoPackageVariableIsASetting(t *testing.T) {
	seen := map[string]bool{}
	type variable struct{ pkg, name string }
	declared := map[variable]bool{}
	files := goFiles(t, "./io/...", "./transforms/...", "./runners/...", "./pipeline")
	for file, parsed := range files {
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				changes := len(v.Values) == 0
				ast.Inspect(v, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok {
						x, named := s.X.(*ast.Ident)
						if named && (x.Name == "atomic" || x.Name == "sync" && !strings.HasPrefix(s.Sel.Name, "Once")) {
							changes = true
						}
					}
					return true
				})
				for _, name := range v.Names {
					declared[variable{filepath.Dir(file), name.Name}] = true
					if changes && name.Name != "_" {
						seen[filepath.Dir(file)+"."+name.Name] = true
					}
				}
			}
		}
	}
	for file, parsed := range files {
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name != "init" {
				assigned(f, func(name string) {
					if declared[variable{filepath.Dir(file), name}] {
						seen[filepath.Dir(file)+"."+name] = true
					}
				})
			}
		}
	}
	for name := range seen {
		if mayChange[name] == "" {
			t.Errorf("the package variable %s may change; expected a value that is passed, or a reason in the list", name)
		}
	}
	for name := range mayChange {
		if !seen[name] {
			t.Errorf("%s is no package variable that changes; remove it from the list", name)
		}
	}
}

// assigned calls found with the names that a function assigns to, as a whole or in part, and does not declare.
func assigned(f *ast.FuncDecl, found func(name string)) {
	own := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					own[id.Name] = true
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					own[id.Name] = true
				}
			}
		}
		return true
	})
	target := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.Ident:
				if !own[x.Name] {
					found(x.Name)
				}
				return
			default:
				return
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				target(e)
			}
		case *ast.IncDecStmt:
			target(n.X)
		}
		return true
	})
}
