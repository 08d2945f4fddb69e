package kept

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

// at is a result at a place, whose bytes all are the place's least byte.
func at(file string, offset, length int64) Result {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(offset)
	}
	sum := sha256.Sum256(b)
	return Result{Taxi: "green", Rows: offset, At: Ref{File: file, Offset: offset, Length: length, SHA256: hex.EncodeToString(sum[:])}}
}

func inputOf(results ...Result) *Input {
	return &Input{Source: fmt.Sprint(results[0].At.File, results[0].At.Offset), Results: results}
}

func TestResultsSideBySideAreReadTogether(t *testing.T) {
	many := []*Input{}
	for i := range int64(10_000) {
		many = append(many, inputOf(at("a", (9_999-i)*1800, 1800)))
	}
	for _, c := range []struct {
		name   string
		inputs []*Input
		want   []string // each request's file, offset, length and number of results
	}{
		{"none", nil, nil},
		{"a file left out", []*Input{{Source: "x"}}, nil},
		{"in any order", []*Input{inputOf(at("a", 10, 5)), inputOf(at("b", 0, 3)), inputOf(at("a", 0, 10), at("a", 15, 5))}, []string{"a 0 20 3", "b 0 3 1"}},
		{"one place twice", []*Input{inputOf(at("a", 0, 10)), inputOf(at("a", 0, 10))}, []string{"a 0 10 2"}},
		{"a gap", []*Input{inputOf(at("a", 0, 10)), inputOf(at("a", mostGap+10, 10))}, []string{"a 0 65556 2"}},
		{"a wide gap", []*Input{inputOf(at("a", 0, 10)), inputOf(at("a", mostGap+11, 10))}, []string{"a 0 10 1", "a 65547 10 1"}},
		{"large", []*Input{inputOf(at("a", 0, 2*mostRequest)), inputOf(at("a", 2*mostRequest, mostRequest)), inputOf(at("a", 3*mostRequest, 1))}, []string{"a 0 2097152 1", "a 2097152 1048576 1", "a 3145728 1 1"}},
	} {
		var got []string
		for _, r := range requests(c.inputs) {
			got = append(got, fmt.Sprint(r.File, " ", r.Offset, " ", r.Length, " ", len(r.Results)))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %q, expected %q", c.name, got, c.want)
		}
	}
	if n := len(requests(many)); n != 40 {
		t.Errorf("found %d requests for 10,000 results side by side, expected 40 of 256 results", n)
	}
}

func init() {
	register.Function1x1(resultsText)
	register.Function1x2(allFiles)
}

func allFiles(list element.RecognisedFiles) (element.RecognisedFiles, error) {
	files, err := list.All()
	return element.RecognisedFiles{Files: files}, err
}

func resultsText(r element.Remembered) (text string) {
	for _, p := range r.Results {
		text += fmt.Sprintf("%s %s %d %s %x\n", p.Source, p.Taxi, p.Rows, p.File, p.Bytes)
	}
	return text
}

func TestReadGivesTheBytesOfEachResult(t *testing.T) {
	dir := t.TempDir()
	content := []byte{}
	for i := range byte(10) {
		content = append(content, i, i, i)
	}
	for i := range content {
		content[i] = byte(i / 3 * 3)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	results := Read(s, objstore.Access{}, dir, []*Input{inputOf(at("a", 9, 3)), inputOf(at("a", 0, 3), at("a", 6, 3))})
	passert.EqualsList(s, beam.ParDo(s, resultsText, results), []string{"a0 green 0 a 000000\na0 green 6 a 060606\na9 green 9 a 090909\n"})
	ptest.RunAndValidate(t, p)
}

func TestFilesThatAreKeptAreNotOpened(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	in := Input{Source: "x", File: element.Recognised{Taxi: "green"}}
	in.File.Source = "x"
	left := Input{Source: "zones", Unusable: &element.Unusable{Why: "why"}}
	files, unusable := Files(s, []*Input{&in, &left}, func(f element.Recognised) element.Recognised { return f })
	file := in.File
	file.Kept = true
	u := *left.Unusable
	u.Kept = true
	passert.EqualsList(s, beam.ParDo(s, allFiles, files), []element.RecognisedFiles{{Files: []element.Recognised{file}}})
	passert.EqualsList(s, unusable, []element.Unusable{u})
	ptest.RunAndValidate(t, p)
}
