package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"google.golang.org/api/iterator"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// bucket is a store for the program: base is the prefix of its addresses, env the environment that is needed.
type bucket struct {
	base string
	env  []string
	put  func(path string, content []byte) error
	all  func() (map[string][]byte, error)
}

func gcs(t *testing.T) bucket {
	t.Helper()
	b, _ := gsBucket(t)
	return b
}

func gsBucket(t *testing.T) (bucket, *fakestorage.Server) {
	t.Helper()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	client := server.Client()
	return bucket{
		base: "gs://bucket", env: []string{"STORAGE_EMULATOR_HOST=" + server.URL()},
		put: func(path string, content []byte) error {
			w := client.Bucket("bucket").Object(path).NewWriter(context.Background())
			_, err := w.Write(content)
			return errors.Join(err, w.Close())
		},
		all: func() (map[string][]byte, error) {
			found := map[string][]byte{}
			for it := client.Bucket("bucket").Objects(context.Background(), &storage.Query{}); ; {
				attrs, err := it.Next()
				if errors.Is(err, iterator.Done) {
					return found, nil
				}
				if err != nil {
					return nil, err
				}
				r, err := client.Bucket("bucket").Object(attrs.Name).NewReader(context.Background())
				if err != nil {
					return nil, err
				}
				var b bytes.Buffer
				if _, err := b.ReadFrom(r); err != nil {
					return nil, err
				}
				found[attrs.Name] = b.Bytes()
			}
		},
	}, server
}

func s3(t *testing.T) bucket {
	t.Helper()
	b, _ := s3Bucket(t)
	return b
}

func s3Bucket(t testing.TB) (bucket, *fakes.S3) {
	t.Helper()
	fake := fakes.NewS3(t, true)
	empty := filepath.Join(t.TempDir(), "none")
	names := map[string]bool{}
	do := func(method, path string, content []byte) ([]byte, error) {
		r, err := http.NewRequest(method, fake.URL+(&url.URL{Path: "/bucket/" + path}).EscapedPath(), bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close() //nolint:errcheck // read to its end
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil || resp.StatusCode >= 300 && resp.StatusCode != http.StatusNotFound {
			return nil, fmt.Errorf("%s %s: %s %w", method, path, resp.Status, err)
		}
		if resp.StatusCode == http.StatusNotFound {
			return nil, nil
		}
		return b.Bytes(), nil
	}
	return bucket{
		base: "s3://bucket", env: []string{
			"AWS_ENDPOINT_URL=" + fake.URL, "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1",
			"AWS_CONFIG_FILE=" + empty, "AWS_SHARED_CREDENTIALS_FILE=" + empty, "AWS_EC2_METADATA_DISABLED=true",
		},
		put: func(path string, content []byte) error {
			_, err := do(http.MethodPut, path, content)
			return err
		},
		all: func() (map[string][]byte, error) {
			for _, r := range fake.Requests() { // each object must be written once
				if r.Method == http.MethodPut {
					names[strings.TrimPrefix(r.URL.Path, "/bucket/")] = true
				}
			}
			found := map[string][]byte{}
			for name := range names {
				content, err := do(http.MethodGet, name, nil)
				if err != nil {
					return nil, err
				}
				if content != nil {
					found[name] = content
				}
			}
			return found, nil
		},
	}, fake
}

func azure(t *testing.T) bucket {
	t.Helper()
	secret := make([]byte, 64)
	rand.Read(secret) //nolint:errcheck // never fails
	key := base64.StdEncoding.EncodeToString(secret)
	endpoint := fakes.Azurite(t, "tripstats", key) + "/tripstats"
	connection := "AccountName=tripstats;BlobEndpoint=" + endpoint + ";AccountKey=" + key
	client, err := azblob.NewClientFromConnectionString("DefaultEndpointsProtocol=http;"+connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContainer(t.Context(), "bucket", nil); err != nil {
		t.Fatal(err)
	}
	return bucket{
		base: "az://bucket", env: []string{"AZURE_STORAGE_CONNECTION_STRING=" + connection},
		put: func(path string, content []byte) error {
			_, err := client.UploadBuffer(context.Background(), "bucket", path, content, nil)
			return err
		},
		all: func() (map[string][]byte, error) {
			found := map[string][]byte{}
			for pages := client.NewListBlobsFlatPager("bucket", nil); pages.More(); {
				page, err := pages.NextPage(context.Background())
				if err != nil {
					return nil, err
				}
				for _, item := range page.Segment.BlobItems {
					b := make([]byte, *item.Properties.ContentLength)
					if len(b) > 0 {
						if _, err := client.DownloadBuffer(context.Background(), "bucket", *item.Name, b, nil); err != nil {
							return nil, err
						}
					}
					found[*item.Name] = b
				}
			}
			return found, nil
		},
	}
}

// TestEveryStoreGivesTheSameTables reads the same files from a folder, each store and a web server, and publishes to each store, with
// every runner.
func TestEveryStoreGivesTheSameTables(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{}
	for _, o := range []tlcgen.Options{month(tlcgen.Yellow, 2019, 8, 40_000), month(tlcgen.Yellow, 2019, 9, 20_000), month(tlcgen.Green, 2023, 5, 5_000)} {
		o.RowGroups = 2
		path := generate(t, filepath.Join(dir, "raw"), o)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = content
	}
	runOnce(t, command{args: []string{"--input=raw/*.parquet", "--output=out"}, dir: dir}).succeeds(t)
	want := treeOf(t, filepath.Join(dir, "out")).tableFiles()
	if len(want) != len(tableFiles(true)) {
		t.Fatalf("found %v", want)
	}
	runOnce(t, command{args: []string{"--input=raw/yellow*", "--output=yellow"}, dir: dir}).succeeds(t)
	yellow := treeOf(t, filepath.Join(dir, "yellow")).tableFiles()

	t.Run("https", func(t *testing.T) {
		web := fakes.NewWeb(t, files)
		var list []string
		for name := range files {
			list = append(list, web.URL+"/"+name+"?sig=verysecret")
		}
		for _, runner := range runnerNames {
			out := t.TempDir()
			r := tripstats(t, "--input="+strings.Join(list, ","), "--output="+out, "--runner="+runner).succeeds(t)
			if got := treeOf(t, out).tableFiles(); !maps.Equal(got, want) {
				t.Errorf("%s: found %v, expected %v", runner, got, want)
			}
			manifest, err := os.ReadFile(filepath.Join(out, "_manifest.json"))
			if err != nil || bytes.Contains(manifest, []byte("verysecret")) || strings.Contains(r.stdout+r.stderr, "verysecret") {
				t.Errorf("%s: the signature is shown: %v, %s", runner, err, r.stderr)
			}
		}
		tripstats(t, "--months=2019-08..2019-09", "--taxi=yellow", "--source="+web.URL, "--output="+filepath.Join(dir, "months")).succeeds(t)
		if got := treeOf(t, filepath.Join(dir, "months")).tableFiles(); !maps.Equal(got, yellow) {
			t.Errorf("by months: found %v, expected %v", got, yellow)
		}
		tripstats(t, "--months=2019-07..2019-09", "--taxi=yellow", "--source="+web.URL).fails(t, 4, "2019-07", "--missing=skip")
		tripstats(t, "--months=2019-07..2019-09", "--taxi=yellow", "--source="+web.URL, "--missing=skip").succeeds(t)
	})
	for name, start := range map[string]func(*testing.T) bucket{"gs": gcs, "s3": s3, "az": azure} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			for path, content := range files {
				if err := b.put("raw/deep/"+path, content); err != nil {
					t.Fatal(err)
				}
			}
			for _, runner := range runnerNames {
				local := t.TempDir()
				runOnce(t, command{args: []string{"--input=" + b.base + "/raw/deep/*.parquet", "--output=" + local, "--runner=" + runner}, dir: dir, env: b.env}).succeeds(t)
				if got := treeOf(t, local).tableFiles(); !maps.Equal(got, want) {
					t.Errorf("%s: found %v, expected %v", runner, got, want)
				}
				for range 2 { // the second run replaces the tables of the first
					runOnce(t, command{args: []string{"--input=raw/*.parquet", "--output=" + b.base + "/out/" + runner, "--runner=" + runner}, dir: dir, env: b.env}).succeeds(t)
				}
				objects, err := b.all()
				if err != nil {
					t.Fatal(err)
				}
				got := tree{}
				for path, content := range objects {
					if below, ok := strings.CutPrefix(path, "out/"+runner+"/"); ok && !strings.Contains(path, versionsOf) {
						got[below] = hexSHA256(content)
					}
				}
				if !maps.Equal(got.tableFiles(), want) {
					t.Errorf("%s: published %v, expected %v", runner, got, want)
				}
				wantOnly(t, slices.Collect(maps.Keys(got)), append(slices.Collect(maps.Keys(want)), "_manifest.json", "README.txt")...)
			}
			// fetch writes to the store, reads from it, and finds the end of an open range in it.
			web := serve(t, files, func(w http.ResponseWriter, _ *http.Request) bool { w.Header().Set("ETag", `"1"`); return false })
			fetch := func(args ...string) {
				t.Helper()
				r := runOnce(t, command{args: append([]string{"fetch", "--taxi=yellow"}, args...), dir: dir, env: append([]string{"XDG_CACHE_HOME=" + t.TempDir()}, b.env...)})
				if r.code != 0 {
					t.Fatal(r.stderr)
				}
			}
			fetch("--months=2019-08..2019-09", "--source="+web, "--dest="+b.base+"/fetched")
			back := t.TempDir()
			fetch("--months=2019-01..", "--source="+b.base+"/fetched", "--dest="+back, "--missing=skip")
			objects, err := b.all()
			if err != nil {
				t.Fatal(err)
			}
			for path, content := range files {
				want := hexSHA256(content)
				if strings.HasPrefix(path, "green") {
					want = ""
				}
				if place := "2019/" + path; treeOf(t, back)[place] != want || want != "" && hexSHA256(objects["fetched/"+place]) != want {
					t.Errorf("%s: not as it was: %v", place, treeOf(t, back))
				}
			}
			local := t.TempDir()
			runOnce(t, command{args: []string{"--months=2018-12..", "--taxi=yellow", "--source=" + b.base + "/fetched/{year}", "--missing=skip", "--output=" + local}, dir: dir, env: b.env}).succeeds(t)
			if got := treeOf(t, local).tableFiles(); !maps.Equal(got, yellow) {
				t.Errorf("an open range: found %v, expected %v", got, yellow)
			}
			runOnce(t, command{args: []string{"--input=" + b.base + "/nothing/*.parquet", "--output=x"}, dir: dir, env: b.env}).fails(t, 4, b.base+"/nothing/*.parquet")
			runOnce(t, command{args: []string{"--input=" + b.base + "/raw/none.parquet", "--output=x"}, dir: dir, env: b.env}).fails(t, 4, b.base+"/raw/none.parquet")
		})
	}
}
