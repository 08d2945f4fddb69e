package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

var places = []string{"a/a.parquet", "b/b.parquet", "_manifest.json"}

// putAll puts text at every place, in the version that is there when the lock is taken.
func putAll(ctx context.Context, id, text string) error {
	l, err := NewLock(ctx, "mem://bucket/out", id, nil)
	if err != nil {
		return err
	}
	when := map[string]Condition{}
	for _, p := range places {
		o, err := Access{}.Stat(ctx, "mem://bucket/out/"+p)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, l.Close())
		}
		when[p] = Condition{Absent: err != nil, Version: o.Version}
	}
	for _, p := range places {
		if _, err := l.Put(ctx, p, []byte(text), when[p]); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	return l.Close()
}

func TestAStoreHasWhatWasPublishedAndNothingElse(t *testing.T) {
	m := useMem(t)
	for _, text := range []string{"one", "two"} {
		if err := putAll(t.Context(), text, text); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, p := range places {
			want["mem://bucket/out/"+p] = text
		}
		if got := m.contents(); !maps.Equal(got, want) {
			t.Errorf("found %v, expected %v", got, want)
		}
	}
	s, err := NewLock(t.Context(), "mem://bucket/out", "three", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), "b/b.parquet", ""); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil || len(m.contents()) != 2 {
		t.Errorf("found %v, %v", m.contents(), err)
	}
}

func TestAStoreThatIgnoresConditionsIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	for name, c := range map[string]struct {
		absent, version bool
		words           string
	}{
		"both":             {true, true, "only what is absent"},
		"write if absent":  {true, false, "only what is absent"},
		"replace if match": {false, true, "only what is of a version"},
	} {
		m := useMem(t)
		m.ignorant.absent, m.ignorant.version = c.absent, c.version
		written := map[string]bool{}
		m.before = func(op string) error {
			if uri, ok := strings.CutPrefix(op, "put "); ok {
				written[uri] = true
			}
			return nil
		}
		err := putAll(t.Context(), "one", "one")
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "mem://bucket/out") || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: found %v", name, err)
		}
		delete(written, "mem://bucket/out/.tripstats/lock")
		if got := m.contents(); len(got) != 0 || len(written) != 0 {
			t.Errorf("%s: wrote %v, left %v", name, written, got)
		}
	}
}

// TestARunThatIsKilledBeforeItPublishesLeavesNothingForGood ends a run after each of its requests, as kill -9 does. What it
// leaves, the next run takes away.
func TestARunThatIsKilledBeforeItPublishesLeavesNothingForGood(t *testing.T) {
	for last := 1; ; last++ {
		m := useMem(t)
		requests, killed := 0, false
		m.before = func(string) error {
			if requests++; requests > last {
				killed = true
				return errors.New("killed")
			}
			return nil
		}
		s, err := NewLock(t.Context(), "mem://bucket/out", "dead", nil)
		if err == nil {
			s.lease.stop()
		}
		m.before = nil
		if err := putAll(t.Context(), "next", "next"); err != nil || len(m.contents()) != len(places) {
			t.Errorf("killed after %d requests: found %v, %v", last, m.contents(), err)
		}
		if !killed {
			return
		}
	}
}

// TestARunThatStandsStillWhileItProbesBlamesNoStore has another run take the lock meanwhile, publish and let it go.
func TestARunThatStandsStillWhileItProbesBlamesNoStore(t *testing.T) {
	const lock = "mem://bucket/out/.tripstats/lock"
	m := useMem(t)
	puts := 0
	m.before = func(op string) error { // called under the store's lock
		if op == "put "+lock {
			if puts++; puts == 2 {
				time.Sleep(leaseExpires)
				delete(m.objects, lock)
			}
		}
		return nil
	}
	if err := putAll(t.Context(), "one", "one"); !errors.Is(err, ErrBusy) || errors.Is(err, ErrUnsupported) {
		t.Errorf("found %v, expected %v", err, ErrBusy)
	}
	if got := m.contents(); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

// TestTheLockOfAnotherIsNotRemoved has the lock taken at the very end of a run, too late for that to know.
func TestTheLockOfAnotherIsNotRemoved(t *testing.T) {
	const lock = "mem://bucket/out/.tripstats/lock"
	m := useMem(t)
	leaseRenewed = time.Hour
	s, err := NewLock(t.Context(), "mem://bucket/out", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), lock, []byte("another takes it"), Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || m.contents()[lock] != "another takes it" {
		t.Errorf("found %v, %v", m.contents(), err)
	}
}

// TestARenewalThatIsCutOffDoesNotLeaveTheLock has the store carry out a renewal of which the run never hears.
func TestARenewalThatIsCutOffDoesNotLeaveTheLock(t *testing.T) {
	const lock = "mem://bucket/out/.tripstats/lock"
	m := useMem(t)
	leaseRenewed = time.Hour
	s, err := NewLock(t.Context(), "mem://bucket/out", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), lock, []byte("one renewed 7"), Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || len(m.contents()) != 0 {
		t.Errorf("found %v, %v", m.contents(), err)
	}
}

// TestRunsAtOnceLeaveTheTablesOfOne has many runs publish at once, with a store that fails now and then.
func TestRunsAtOnceLeaveTheTablesOfOne(t *testing.T) {
	m := useMem(t)
	chance := rand.New(rand.NewPCG(1, 2))
	fail := func(string) error { // called under the store's lock
		if chance.Float64() < 0.05 {
			return temporary(errors.New("503"), 0)
		}
		return nil
	}
	m.before, m.afterwards = fail, fail
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = putAll(t.Context(), fmt.Sprint("run", i), fmt.Sprint("text", i)) })
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !errors.Is(err, ErrBusy) && !errors.Is(err, ErrChanged) && !errors.Is(err, ErrExists) {
			t.Errorf("found %v", err)
		}
	}
	texts := map[string]bool{}
	got := m.contents()
	for _, p := range places {
		texts[got["mem://bucket/out/"+p]] = true
	}
	if good == 0 || len(texts) != 1 || len(got) != len(places) {
		t.Errorf("%d published; found %v", good, got)
	}
}

// TestTheLockOfADeadRunIsTaken leaves a lock that nobody renews. Who waits for it says so, once.
func TestTheLockOfADeadRunIsTaken(t *testing.T) {
	m := useMem(t)
	if _, err := m.Put(t.Context(), "mem://bucket/out/.tripstats/lock", []byte("dead"), Condition{}); err != nil {
		t.Fatal(err)
	}
	var notes []string
	s, err := NewLock(t.Context(), "mem://bucket/out", "one", func(text string) { notes = append(notes, text) })
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "mem://bucket/out: another run holds the lock") {
		t.Errorf("found notes %q, expected one", notes)
	}
	if err := s.Close(); err != nil || len(m.contents()) != 0 {
		t.Errorf("found %v, %v", m.contents(), err)
	}
	if err := putAll(t.Context(), "two", "two"); err != nil || len(m.contents()) != len(places) {
		t.Errorf("found %v, %v", m.contents(), err)
	}
}

func TestTheLockOfALivingRunIsNotTaken(t *testing.T) {
	useMem(t)
	s, err := NewLock(t.Context(), "mem://bucket/out", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := putAll(t.Context(), "two", "two"); !errors.Is(err, ErrBusy) {
		t.Errorf("found %v, expected %v", err, ErrBusy)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := putAll(t.Context(), "three", "three"); err != nil {
		t.Error(err)
	}
}

// TestWhoHasLostTheLockPublishesNothing has a run stand still until another has taken its lock and published.
func TestWhoHasLostTheLockPublishesNothing(t *testing.T) {
	m := useMem(t)
	s, err := NewLock(t.Context(), "mem://bucket/out", "zombie", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.lease.stop() // it renews no more
	if err := putAll(t.Context(), "other", "other"); err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		_, put := s.Put(t.Context(), p, []byte("zombie"), Condition{})
		_, copied := s.Copy(t.Context(), places[0], p, Condition{})
		for _, err := range []error{put, copied, s.Write(t.Context(), p, write("zombie")), s.Delete(t.Context(), p, ""), s.DeleteAll(t.Context(), "a")} {
			if !errors.Is(err, ErrBusy) {
				t.Errorf("%s: found %v, expected %v", p, err, ErrBusy)
			}
		}
	}
	for uri, text := range m.contents() {
		if text == "zombie" {
			t.Errorf("the zombie wrote %s", uri)
		}
	}
}

// TestALockThatIsTakenIsNoticed has the lock taken under a run that does renew it.
func TestALockThatIsTakenIsNoticed(t *testing.T) {
	m := useMem(t)
	s, err := NewLock(t.Context(), "mem://bucket/out", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), "mem://bucket/out/.tripstats/lock", []byte("another"), Condition{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for s.lease.held() == nil && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := s.Put(t.Context(), places[0], nil, Condition{}); !errors.Is(err, ErrBusy) {
		t.Errorf("found %v", err)
	}
	if err := s.Close(); err != nil || m.contents()["mem://bucket/out/.tripstats/lock"] != "another" {
		t.Errorf("the lock of another was removed: %v, %v", m.contents(), err)
	}
}
