package runners

import (
	"os"
	"runtime"
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
	register.Function1x1(threadsOf)
}

func sourceOf(w element.Work) string { return w.Pieces[0].File.Source }

// workOf is work on a file.
func workOf(source string) element.Work {
	w := element.Work{Pieces: make([]element.Piece, 1)}
	w.Pieces[0].File.Source = source
	return w
}

func threadsOf(element.Work) string { return strconv.Itoa(runtime.GOMAXPROCS(0)) }

func TestARunLeavesNothingInTheTemporaryFolder(t *testing.T) {
	for _, r := range All() {
		if r.Elsewhere() {
			continue
		}
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		p, s, col := ptest.CreateList([]element.Work{workOf("a")})
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
		p, s, col := ptest.CreateList([]element.Work{workOf("a")})
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
		if err != nil || r.Name != name {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := Find("samza"); err == nil || !strings.Contains(err.Error(), "direct, prism") {
		t.Errorf("found %v", err)
	}
}
