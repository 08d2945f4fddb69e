package runners

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

func init() {
	register.Function1x1(sourceOf)
	register.Function1x1(uriOf)
	register.Function1x1(threadsOf)
}

func sourceOf(w element.Work) string { return w.Pieces[0].File.Source }
func uriOf(w element.Work) string    { return "/" + sourceOf(w) }

// workOf is work on a file, in a branch.
func workOf(source string, branch int) element.Work {
	w := element.Work{Branch: branch, Pieces: make([]element.Piece, 1)}
	w.Pieces[0].File.Source = source
	return w
}

func threadsOf(element.Work) string { return strconv.Itoa(runtime.GOMAXPROCS(0)) }

func TestSpreadWorksOnEveryFileOnce(t *testing.T) {
	list := []element.Work{workOf("a", 0), workOf("b", 2), workOf("c", 1), workOf("d", 2)}
	for _, wanted := range []int{1, 3} {
		files := slices.Clone(list)
		for i := range files {
			files[i].Branch = min(files[i].Branch, wanted-1)
		}
		p, s, col := ptest.CreateList(files)
		branches := 0
		out := Spread(s, wanted, col, func(s beam.Scope, part beam.PCollection) []beam.PCollection {
			branches++
			return []beam.PCollection{beam.ParDo(s, sourceOf, part), beam.ParDo(s, uriOf, part)}
		})
		passert.EqualsList(s, out[0], []string{"a", "b", "c", "d"})
		passert.EqualsList(s, out[1], []string{"/a", "/b", "/c", "/d"})
		ptest.RunAndValidate(t, p)
		if branches != wanted {
			t.Errorf("%d branches, expected %d", branches, wanted)
		}
	}
}

func TestARunLeavesNothingInTheTemporaryFolder(t *testing.T) {
	for _, r := range All() {
		if r.Elsewhere() {
			continue
		}
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		p, s, col := ptest.CreateList([]element.Work{workOf("a", 0)})
		passert.EqualsList(s, beam.ParDo(s, sourceOf, col), []string{"a"})
		if _, err := r.Run(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 || os.TempDir() != temp {
			t.Errorf("%s: left %v, %v, temporary folder %s", r.Name, left, err, os.TempDir())
		}
	}
}

func TestPrismHasASecondThreadUnlessTheUserSaysOtherwise(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r, err := Find("prism")
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{"": "2", "1": "1"} {
		t.Setenv("GOMAXPROCS", said)
		p, s, col := ptest.CreateList([]element.Work{workOf("a", 0)})
		passert.EqualsList(s, beam.ParDo(s, threadsOf, col), []string{want})
		if _, err := r.Run(t.Context(), p); err != nil {
			t.Errorf("GOMAXPROCS=%q: %v", said, err)
		}
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("GOMAXPROCS=%q: %d threads are left", said, n)
		}
	}
}

func TestFindNamesWhatThereIs(t *testing.T) {
	for _, name := range Names() {
		r, err := Find(name)
		if err != nil || r.Branches() < 1 || r.Branches() > max(1, runtime.GOMAXPROCS(0)) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := Find("samza"); err == nil || !strings.Contains(err.Error(), "direct, prism") {
		t.Errorf("found %v", err)
	}
}
