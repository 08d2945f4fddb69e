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

func sourceOf(f element.File) string { return f.Source }
func uriOf(f element.File) string    { return "/" + f.Source }

func threadsOf(element.File) string { return strconv.Itoa(runtime.GOMAXPROCS(0)) }

func TestSpreadWorksOnEveryFileOnce(t *testing.T) {
	list := []element.File{{Source: "a"}, {Source: "b", Lane: 2}, {Source: "c", Lane: 1}, {Source: "d", Lane: 2}}
	for _, lanes := range []int{1, 3} {
		files := slices.Clone(list)
		for i := range files {
			files[i].Lane = min(files[i].Lane, lanes-1)
		}
		p, s, col := ptest.CreateList(files)
		branches := 0
		out := Spread(s, lanes, col, func(s beam.Scope, part beam.PCollection) []beam.PCollection {
			branches++
			return []beam.PCollection{beam.ParDo(s, sourceOf, part), beam.ParDo(s, uriOf, part)}
		})
		passert.EqualsList(s, out[0], []string{"a", "b", "c", "d"})
		passert.EqualsList(s, out[1], []string{"/a", "/b", "/c", "/d"})
		ptest.RunAndValidate(t, p)
		if branches != lanes {
			t.Errorf("%d branches, want %d", branches, lanes)
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
		p, s, col := ptest.CreateList([]element.File{{Source: "a"}})
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
		p, s, col := ptest.CreateList([]element.File{{Source: "a"}})
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
		if err != nil || r.Lanes() < 1 || r.Lanes() > max(1, runtime.GOMAXPROCS(0)) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := Find("samza"); err == nil || !strings.Contains(err.Error(), "direct, prism") {
		t.Errorf("got %v", err)
	}
}
