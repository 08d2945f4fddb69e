package main_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/testdata/fakes"
)

// sampleMonth is the path of a file of the sample.
func sampleMonth(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "testdata", "sample", name+".parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// roundsAtOnce is how often two runs are started at once on a shelf.
func roundsAtOnce(place string) int {
	switch {
	case soaking():
		return 50
	case strings.HasPrefix(place, "folder"):
		return 5
	}
	return 2 // in a store a run looks for the lock twice a second
}

// bothAtOnce starts two runs with one output and waits for them.
func (s shelf) bothAtOnce(t *testing.T, output string, both [2][]string) (results [2]result) {
	t.Helper()
	var running [2]started
	for i, args := range both {
		running[i] = start(t, s.command(output, args))
	}
	for i, r := range running {
		results[i] = r.wait()
	}
	return results
}

// TestOfTwoRunsAtOnceTheLastThatCommitsWins starts two runs at once that make other tables of the same output. Each commits a version, if
// need be after planning again, or gives way with exit code 6 and leaves nothing.
func TestOfTwoRunsAtOnceTheLastThatCommitsWins(t *testing.T) {
	for _, at := range outlets() {
		t.Run(at.name, func(t *testing.T) {
			rivals := twoRivals(t, at.format)
			s := at.start(t)
			again := 0
			for i := range roundsAtOnce(at.name) {
				output := fmt.Sprint("out", i/2) // every second time there is one already
				before, err := s.readOutput(output)
				if err != nil {
					t.Fatal(err)
				}
				reader := watch(s, output, rivals[0].want, rivals[1].want)
				runners := [2]string{runnerNames[i%2], runnerNames[i/2%2]}
				results := s.bothAtOnce(t, output, [2][]string{
					append(slices.Clone(rivals[0].args), "--runner="+runners[0], "--reuse=false"),
					append(slices.Clone(rivals[1].args), "--runner="+runners[1], "--reuse=false"),
				})
				reader.end(t)
				commits := int64(0)
				for _, r := range results {
					if r.code == 6 {
						r.fails(t, 6, "another run")
						continue
					}
					r.succeeds(t)
					commits++
					again += r.plannedAgain()
				}
				now, err := s.readOutput(output)
				if err != nil || now.manifest == nil {
					t.Fatalf("round %d: %v", i, err)
				}
				winner := 0
				if maps.Equal(now.tables, rivals[1].want) {
					winner = 1
				}
				if err := s.checkDone(output, rivals[winner].want); err != nil {
					t.Errorf("round %d: %v", i, err)
				}
				version := int64(0)
				if before.manifest != nil {
					version = before.manifest.Commit.Version
				}
				if found := now.manifest.Commit.Version - version; found != commits || commits == 0 {
					t.Errorf("round %d: found %d new versions, expected %d, one for each run with exit code 0", i, found, commits)
				}
			}
			t.Logf("%d times a run planned again", again)
		})
	}
}

// TestTwoRunsAtOnceThatExtendAnOutputBothEndUpInIt starts two runs at once that add a month each.
func TestTwoRunsAtOnceThatExtendAnOutputBothEndUpInIt(t *testing.T) {
	first, second, third := sampleMonth(t, "green_tripdata_2014-03"), sampleMonth(t, "green_tripdata_2019-08"), sampleMonth(t, "yellow_tripdata_2019-08")
	set := func(paths string) sums { return sumsOf(t, t.TempDir(), "--input="+paths) }
	a, b, ab := set(first), set(second), set(first+","+second)
	abc := set(first + "," + second + "," + third)
	for _, at := range shelves {
		t.Run(at.name, func(t *testing.T) {
			s := at.start(t)
			again := 0
			for i := range roundsAtOnce(at.name) {
				output, want := fmt.Sprint("out", i), ab
				known := []sums{a, b, ab}
				if i%2 == 1 { // there is an output already
					s.runs(t, program(t), output, []string{"--input=" + third}).succeeds(t)
					want, known = abc, []sums{set(third), set(first + "," + third), set(second + "," + third), abc}
				}
				reader := watch(s, output, known...)
				results := s.bothAtOnce(t, output, [2][]string{
					{"--input=" + first, "--existing=extend", "--runner=" + runnerNames[i%2]},
					{"--input=" + second, "--existing=extend", "--runner=" + runnerNames[i/2%2]},
				})
				reader.end(t)
				for _, r := range results {
					again += r.succeeds(t).plannedAgain()
				}
				if err := s.checkDone(output, want); err != nil {
					t.Errorf("round %d: %v", i, err)
				}
			}
			t.Logf("%d times a run planned again", again)
		})
	}
}

// planningAgain is what a run says that another one has got ahead of.
const planningAgain = "planning again"

// plannedAgain is 1 if the run planned more than once.
func (r result) plannedAgain() int {
	return min(1, strings.Count(r.stderr, planningAgain))
}

// TestARunPlansAgainIfAnotherPublishesMeanwhile holds a run at its rows until another one has published.
func TestARunPlansAgainIfAnotherPublishesMeanwhile(t *testing.T) {
	mine, other := sampleMonth(t, "green_tripdata_2014-03"), sampleMonth(t, "green_tripdata_2019-08")
	for _, existing := range []string{"extend", "replace"} {
		for _, at := range shelves {
			s := at.start(t)
			want := sumsOf(t, t.TempDir(), "--input="+mine)
			if existing == "extend" {
				want = sumsOf(t, t.TempDir(), "--input="+mine+","+other)
			}
			gate := fakes.NewGate(t, 0, mine)
			held := start(t, s.command("out", []string{"--input=" + gate.Addresses, "--existing=" + existing}))
			held.untilHeld(t, gate)
			s.runs(t, program(t), "out", []string{"--input=" + other}).succeeds(t)
			gate.Open()
			r := held.wait().succeeds(t)
			if r.plannedAgain() == 0 {
				t.Errorf("%s, --existing=%s: found no %q in %s", at.name, existing, planningAgain, r.stderr)
			}
			if err := s.checkDone("out", want); err != nil {
				t.Errorf("%s, --existing=%s: %v", at.name, existing, err)
			}
		}
	}
	t.Run("and does not lose what the other has added", func(t *testing.T) {
		s := folderShelf(t)
		gate := fakes.NewGate(t, 0, mine)
		held := start(t, s.command("out", []string{"--input=" + gate.Addresses}))
		held.untilHeld(t, gate)
		s.runs(t, program(t), "out", []string{"--input=" + other}).succeeds(t)
		gate.Open()
		held.wait().fails(t, 5, "--existing=extend", "--existing=replace")
		if err := s.checkDone("out", sumsOf(t, t.TempDir(), "--input="+other)); err != nil {
			t.Error(err)
		}
	})
}
