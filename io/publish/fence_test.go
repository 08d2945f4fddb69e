package publish

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tripstats/io/objstore"
	"tripstats/testdata/fakes"
	"tripstats/transforms/fault"
)

// publishAs publishes like one of several runs. n distinguishes its tables from those of the others.
func publishAs(output, id string, n int64) error {
	cfg, r := good(output)
	cfg.ID, cfg.Fenced = id, true
	cfg.Balance = nil
	r.tables[0], r.tables[1] = table("second", n), table("first", n)
	return r.checkAndPublish(context.Background(), cfg)
}

func published1(t *testing.T, output string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(output, "first", "first.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestALateAttemptDoesNotReplaceAYoungerRun(t *testing.T) {
	output := t.TempDir()
	if err := errors.Join(publishAs(output, "old", 1), publishAs(output, "young", 2)); err != nil {
		t.Fatal(err)
	}
	young := published1(t, output)
	if err := publishAs(output, "old", 1); err != nil { // this run has published already, so nothing happens
		t.Fatal(err)
	}
	if published1(t, output) != young {
		t.Error("an attempt of a run that is done has published again")
	}
	for _, id := range []string{"old", "young"} {
		if ok, err := Published(t.Context(), Config{Output: output, ID: id}); !ok || err != nil {
			t.Errorf("%s: found %v, %v", id, ok, err)
		}
	}
}

func TestARevokedRunDoesNotPublish(t *testing.T) {
	output := t.TempDir()
	if err := publishAs(output, "before", 1); err != nil {
		t.Fatal(err)
	}
	before := published1(t, output)
	cfg := Config{Output: output, ID: "given-up"}
	if done, err := Revoke(t.Context(), cfg); done || err != nil {
		t.Fatalf("found %v, %v, expected it not to have published", done, err)
	}
	if f := fault.Find(publishAs(output, "given-up", 2)); f == nil || f.Code != fault.Conflict {
		t.Errorf("found %v, expected exit code 6", f)
	}
	if published1(t, output) != before {
		t.Error("a run that was given up has published")
	}
	if done, err := Revoke(t.Context(), Config{Output: output, ID: "before"}); !done || err != nil {
		t.Errorf("found %v, %v, expected to hear that it had published", done, err)
	}
	nothingElse(t, output)
}

func TestRevokeMakesNoOutput(t *testing.T) {
	output := filepath.Join(t.TempDir(), "none")
	if done, err := Revoke(t.Context(), Config{Output: output, ID: "x"}); done || err != nil {
		t.Errorf("found %v, %v", done, err)
	}
	if _, err := os.Stat(output); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the output was made: %v", err)
	}
}

func TestAttemptsAtOncePublishOnce(t *testing.T) {
	output := t.TempDir()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = publishAs(output, "one", 1) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(output, filepath.FromSlash(runsName)))
	if err != nil || string(content) != "one published\n" {
		t.Errorf("found %q (%v), expected one line", content, err)
	}
}

func TestTheListOfRunsDoesNotGrow(t *testing.T) {
	output := t.TempDir()
	path := filepath.Join(output, filepath.FromSlash(runsName))
	long := strings.Repeat("another published\n", 2*runsKept)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(long), 0o666), publishAs(output, "last", 1)); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if n := strings.Count(string(content), "\n"); err != nil || n > runsKept || !strings.HasSuffix(string(content), "last published\n") {
		t.Errorf("found %d lines (%v), expected %d at most, with the last run's", n, err, runsKept)
	}
}

// TestTheFenceHoldsInABucket does the same in a bucket, which has no rename and no lock of the operating system.
func TestTheFenceHoldsInABucket(t *testing.T) {
	fake := fakes.NewS3(t, true)
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": fake.URL, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(k, v)
	}
	t.Cleanup(objstore.Forget) // the next test has another server
	const output = "s3://bucket/out"
	if err := errors.Join(publishAs(output, "old", 1), publishAs(output, "young", 2)); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		content, err := objstore.Access{}.ReadAll(t.Context(), output+"/first/first.parquet")
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	young := read()
	if err := publishAs(output, "old", 1); err != nil {
		t.Fatal(err)
	}
	if done, err := Revoke(t.Context(), Config{Output: output, ID: "lost"}); done || err != nil {
		t.Fatalf("found %v, %v", done, err)
	}
	if f := fault.Find(publishAs(output, "lost", 3)); f == nil || f.Code != fault.Conflict {
		t.Errorf("found %v, expected exit code 6", f)
	}
	if read() != young {
		t.Error("a late attempt has published")
	}
	content, err := objstore.Access{}.ReadAll(t.Context(), output+"/"+runsName)
	if want := "old published\nyoung published\nlost revoked\n"; err != nil || string(content) != want {
		t.Errorf("found %q (%v), expected %q", content, err, want)
	}
}
