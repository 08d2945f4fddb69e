package publish

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// TestResultsAreInFewFiles adds an input a run.
func TestResultsAreInFewFiles(t *testing.T) {
	output := t.TempDir()
	var inputs []kept.Input
	want := map[string]string{}
	for i := range 40 {
		source := fmt.Sprintf("month %02d", i)
		want[source] = strings.Repeat("x", 100+i*i%37)
		mustCommit(t, output, fmt.Sprint("run", i), int64(i), func(cfg *Config, r *result) {
			var f element.Recognised
			f.Source, f.Token, f.Reading = source, "t", "r"
			cfg.Identity, cfg.Kept, cfg.KeepVersions = "x", compactOf(inputs), 2
			r.remembered = []element.Remembered{{Files: []element.Recognised{f}, Results: []element.Packed{{Source: source, Taxi: "yellow", Bytes: []byte(want[source])}}}}
		})
		h := wholeVersion(t, objstore.Access{}, output)
		x, err := ReadIndex(t.Context(), objstore.Access{}, output, h.Dir)
		if err != nil {
			t.Fatal(err)
		}
		inputs = x.Inputs
		found, files := filesBelow(t, output), map[string]bool{}
		for _, in := range inputs {
			at := in.Results[0].At
			files[at.File] = true
			if b, err := part([]byte(found[at.File]), at); err != nil || string(b) != want[in.Source] {
				t.Fatalf("run %d: %s: found %q, %v", i, in.Source, b, err)
			}
		}
		if len(inputs) != i+1 || len(files) > mostFiles+1 {
			t.Fatalf("run %d: found %d inputs in %d files, expected %d in at most %d", i, len(inputs), len(files), i+1, mostFiles+1)
		}
		folders, err := os.ReadDir(filepath.Join(output, versionsDir))
		if err != nil || len(folders) > mostFiles+2 {
			t.Fatalf("run %d: found %d folders, %v", i, len(folders), err)
		}
	}
	// A damaged file costs the inputs whose results are in it, when these are copied.
	for i := range inputs[:1] {
		if err := os.WriteFile(filepath.Join(output, inputs[i].Results[0].At.File), []byte("damaged"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := &states{at: "new"}
	length := map[string]bool{}
	for _, in := range inputs {
		length[in.Results[0].At.File] = true
	}
	for i := len(length); i <= mostFiles; i++ {
		inputs = append(inputs, kept.Input{Source: fmt.Sprint("far ", i), Results: []kept.Result{{At: kept.Ref{File: fmt.Sprint("none", i), Length: 1}}}})
	}
	moved, err := s.move(context.Background(), Config{Output: output, Kept: compactOf(inputs)})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		after, ok := moved(&in)
		if ok && after.Results[0].At.File == "new" {
			if b, err := part(bytes.Join(s.parts, nil), after.Results[0].At); err != nil || string(b) != want[in.Source] {
				t.Errorf("%s: found %q, %v", in.Source, b, err)
			}
		}
		if strings.HasPrefix(in.Source, "far") && ok {
			t.Errorf("%s: found it kept, and its results cannot be read", in.Source)
		}
	}
}

// compactOf returns inputs in the form in which they travel to the worker that publishes.
func compactOf(inputs []kept.Input) kept.Inputs {
	var list []*kept.Input
	for i := range inputs {
		list = append(list, &inputs[i])
	}
	return kept.Compact(list)
}
