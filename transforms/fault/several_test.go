package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSeveralThingsThatAreWrongSurviveAsText reads faults back from text: a runner returns only the text of an error, within its own.
func TestSeveralThingsThatAreWrongSurviveAsText(t *testing.T) {
	err := All(Inputf("a.parquet: empty"), Inputf("b.parquet: cut\nshort"))
	for name, err := range map[string]error{
		"as it is": err,
		"wrapped":  fmt.Errorf("while executing: %w", err),
		"as text":  errors.New("bundle failed: caused by: " + err.Error() + "; goroutine 1"),
	} {
		f := Find(err)
		if f == nil || f.Code != Input || !slices.Equal(f.Lines(), []string{"a.parquet: empty", "b.parquet: cut short"}) {
			t.Errorf("%s: found %+v", name, f)
		}
	}
	if f := New(Failed, "twice: %v", err); len(f.Lines()) != 1 || f.Message != "twice: a.parquet: empty; b.parquet: cut short" {
		t.Errorf("a fault in a fault: found %q", f.Lines())
	}
}

func TestAllNamesSomeAndCountsTheRest(t *testing.T) {
	if err := All(); err != nil {
		t.Errorf("nothing is wrong: found %v", err)
	}
	var problems []*Fault
	for i := range 23 {
		problems = append(problems, Inputf("file %d", i))
	}
	lines := Find(All(problems...)).Lines()
	if len(lines) != 21 || lines[19] != "file 19" || lines[20] != "... and 3 more like these" {
		t.Errorf("23 faults: found lines %q, expected 20 of them and how many more there are", lines)
	}
	for _, c := range []struct{ a, b, want Code }{
		{NoMatch, NoMatch, NoMatch}, {NoMatch, Input, Input}, {Usage, NoMatch, Usage},
	} {
		if f := Find(All(New(c.a, "a"), New(c.b, "b"))); f.Code != c.want {
			t.Errorf("exit codes %d and %d: found %d, expected %d", c.a, c.b, f.Code, c.want)
		}
	}
}

type down struct{ error }

func (down) Unavailable() bool { return true }

func TestAStoreThatIsUnavailableDecidesTheExitCode(t *testing.T) {
	err := fmt.Errorf("reading: %w", down{errors.New("503")})
	for code, want := range map[Code]Code{Failed: Unavailable, Input: Unavailable, Usage: Usage, Conflict: Conflict, NoMatch: NoMatch} {
		message := "x: reading: 503"
		if want == Unavailable {
			message += "; try again later"
		}
		if f := New(code, "x: %v", err); f.Code != want || f.Message != message {
			t.Errorf("code %d: found %+v, expected code %d", code, f, want)
		}
	}
	if f := New(Failed, "outer: %v", Inputf("inner: %v", err)); f.Code != Unavailable || strings.Contains(f.Message, "tripstats") {
		t.Errorf("a fault in a fault: found %+v", f)
	}
	if f := Find(errors.New(Inputf("inner: %v", err).Error())); f.Code != Unavailable {
		t.Errorf("as text: found %+v", f)
	}
}
