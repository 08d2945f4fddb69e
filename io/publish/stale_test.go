package publish

import (
	"testing"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/testdata/memstore"
	"tripstats/transforms/element"
)

// TestALateRunDoesNotRemoveACopyOfANewerVersion has a run that commits, is held up before it removes the copy of a table that it does not
// have, and meanwhile loses its lock to a run that makes the table again.
func TestALateRunDoesNotRemoveACopyOfANewerVersion(t *testing.T) {
	s := useStore(t)
	mustCommit(t, memOutput, "first", 1)
	h := wholeVersion(t, objstore.Access{}, memOutput)
	gone := plainOf(h.Manifest.Outputs[0])
	lock, err := objstore.Access{}.Lock(t.Context(), memOutput, "late", nil)
	if err != nil {
		t.Fatal(err)
	}
	late := forwarding{output: memOutput, lock: lock, head: h, gone: []string{gone}}
	manifest := memOutput + "/" + ManifestName
	for what, c := range map[string]struct {
		op, uri string // the newer run publishes just before this request
		want    error
	}{
		"before the head is read":  {"stat", manifest, errSuperseded},
		"before the copy is gone":  {"delete", memOutput + "/" + gone, errSuperseded},
		"before the copy is asked": {"stat", memOutput + "/" + gone, errSuperseded},
	} {
		done := false
		s.Fail(func(r memstore.Request) error {
			if r.Op == c.op && r.URI == c.uri && !done {
				done = true
				s.Set(memOutput+"/"+gone, []byte("newer, "+what))
				s.Set(manifest, []byte(`{"quality": "`+what+`"}`))
			}
			return nil
		}, nil)
		err := late.removeCopy(t.Context(), gone)
		s.Fail(nil, nil)
		if got := string(s.Contents(memOutput + "/")[gone]); err != c.want || got != "newer, "+what {
			t.Errorf("%s: found %v and the copy %q, expected %v and that of the newer version", what, err, got, c.want)
		}
		s.Set(manifest, h.content)
		now, err := ReadHead(t.Context(), objstore.Access{}, memOutput)
		if err != nil {
			t.Fatal(err)
		}
		late.head.stored = now.stored
	}
	if err := late.removeCopy(t.Context(), gone); err != nil {
		t.Error(err)
	}
	if _, there := s.Contents(memOutput + "/")[gone]; there {
		t.Error("the copy is still there")
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

// TestOneInputThatCannotBeKnownAgainLosesNoOthers: a file that changed a moment ago has no token.
func TestOneInputThatCannotBeKnownAgainLosesNoOthers(t *testing.T) {
	output := t.TempDir()
	mustCommit(t, output, "a", 1, func(cfg *Config, r *result) {
		var f, young element.Recognised
		f.Source, f.Token, f.Reading = "a", "token", "reading"
		young.Source, young.Reading = "young", "reading"
		cfg.Kept = kept.Compact([]*kept.Input{{Source: "before"}})
		r.remembered = []element.Remembered{{Files: []element.Recognised{f, young}, Results: []element.Packed{{Source: "a", Taxi: "yellow", Bytes: []byte("a")}}}}
	})
	x, err := ReadIndex(t.Context(), objstore.Access{}, output, wholeVersion(t, objstore.Access{}, output).Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Inputs) != 2 || x.Inputs[0].Source != "a" || x.Inputs[1].Source != "before" || x.Identity != "" {
		t.Errorf("found %+v, expected what is kept of two inputs", x)
	}
}
