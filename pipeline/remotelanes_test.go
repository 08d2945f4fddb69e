package main_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// remoteMonths are files in a store, of several row groups each, and the same files in a folder.
type remoteMonths struct {
	bucket
	fake   *fakes.S3
	folder string
	size   map[string]int // bytes, by name
	names  []string       // in their order
}

func newRemoteMonths(t *testing.T) remoteMonths {
	t.Helper()
	b, fake := s3Bucket(t)
	m := remoteMonths{bucket: b, fake: fake, folder: t.TempDir(), size: map[string]int{}}
	for i := range 5 {
		o := month(tlcgen.Yellow, 2019, 1+i, 120_000)
		o.RowGroups = 3
		file := generate(t, filepath.Join(m.folder, "raw"), o)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if err := fake.Put("raw/"+name, content); err != nil {
			t.Fatal(err)
		}
		m.size[name], m.names = len(content), append(m.names, name)
	}
	return m
}

var rangeOfRequest = regexp.MustCompile(`^bytes=\d+-(\d+)$`)

// columnsOf returns the file of which a request reads columns, "" if it reads something else, such as a footer.
func (m remoteMonths) columnsOf(r *http.Request) string {
	found := rangeOfRequest.FindStringSubmatch(r.Header.Get("Range"))
	name := path.Base(r.URL.Path)
	if r.Method != http.MethodGet || found == nil || m.size[name] == 0 {
		return ""
	}
	if last, err := strconv.Atoi(found[1]); err != nil || last >= m.size[name]-8 {
		return ""
	}
	return name
}

// run reads the files as on a machine of many cores, which reads several files side by side.
func (m remoteMonths) run(t *testing.T, output string, args ...string) result {
	t.Helper()
	return runOnce(t, command{
		args: append([]string{"--input=" + m.base + "/raw/**/*.parquet", "--output=" + output}, args...), dir: m.folder, env: append([]string{"GOMAXPROCS=16"}, m.env...),
	})
}

// met tells whether something happened before a time that is far longer than it takes.
func met(happened <-chan struct{}) bool {
	select {
	case <-happened:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

// TestRemoteFilesAreReadSideBySide holds up the columns of the first file until those of another file are asked for.
func TestRemoteFilesAreReadSideBySide(t *testing.T) {
	m := newRemoteMonths(t)
	runOnce(t, command{args: []string{"--input=raw/**/*.parquet", "--output=out"}, dir: m.folder}).succeeds(t)
	want := treeOf(t, filepath.Join(m.folder, "out")).tableFiles()
	for _, runner := range runnerNames {
		other := make(chan struct{})
		var once sync.Once
		m.fake.Before = func(_ http.ResponseWriter, r *http.Request) bool {
			switch name := m.columnsOf(r); {
			case name == m.names[0]:
				if !met(other) {
					t.Errorf("%s: no other file was read beside the first", runner)
				}
			case name != "":
				once.Do(func() { close(other) })
			}
			return false
		}
		output := t.TempDir()
		m.run(t, output, "--runner="+runner).succeeds(t)
		if got := treeOf(t, output).tableFiles(); !maps.Equal(got, want) {
			t.Errorf("%s: found %v, expected %v as of the files in a folder", runner, got, want)
		}
		if rows := readManifest(t, output).Rows; rows != int64(len(m.names)*120_000) {
			t.Errorf("%s: found %d rows, expected each of them once", runner, rows)
		}
	}
}

// TestTheErrorOfRemoteFilesIsThatOfTheFirst: the store refuses a later file at once, and the first file only then.
func TestTheErrorOfRemoteFilesIsThatOfTheFirst(t *testing.T) {
	m := newRemoteMonths(t)
	for _, runner := range runnerNames {
		later := make(chan struct{})
		var once sync.Once
		m.fake.Before = func(w http.ResponseWriter, r *http.Request) bool {
			name := m.columnsOf(r)
			if name == "" {
				return false
			}
			if name == m.names[0] && !met(later) {
				t.Errorf("%s: no later file was refused", runner)
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, fakes.S3Error("AccessDenied", fmt.Sprintf("no access to %s", name)))
			if name != m.names[0] {
				once.Do(func() { close(later) })
			}
			return true
		}
		r := m.run(t, t.TempDir(), "--runner="+runner)
		if r.code == 0 || !strings.Contains(r.stderr, m.names[0]) || strings.Contains(r.stderr, m.names[1]) {
			t.Errorf("%s: exit code %d: %s, expected the error of %s alone", runner, r.code, r.stderr, m.names[0])
		}
	}
}
