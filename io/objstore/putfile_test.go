package objstore

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// zeros is a long file of zeros.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// TestFilesAreSentWithoutBeingKept sends a file much larger than what may be allocated, with each library.
func TestFilesAreSentWithoutBeingKept(t *testing.T) {
	const size, most = 96 << 20, 24 << 20
	for scheme, open := range map[string]func(t *testing.T, server *httptest.Server) Store{
		"gs": func(t *testing.T, server *httptest.Server) Store { return emulated(t, server) },
		"s3": func(t *testing.T, server *httptest.Server) Store { return newS3Test(t, server.URL) },
		"az": func(t *testing.T, server *httptest.Server) Store {
			azEnv(t, azConnection, "AccountName=planted;AccountKey="+plantedKey+";BlobEndpoint="+server.URL+"/planted")
			s, err := makers["az"](t.Context(), Access{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		t.Run(scheme, func(t *testing.T) {
			var got int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n, err := io.Copy(io.Discard, r.Body)
				if err != nil {
					t.Error(err)
				}
				got += n
				w.Header().Set("ETag", `"1"`)
				if strings.Contains(r.URL.Path, "/upload/") {
					w.Header().Set("Content-Type", "application/json")
					json.NewEncoder(w).Encode(map[string]string{"name": "x", "bucket": "bucket", "generation": "1"}) //nolint:errcheck // the client reports it
					return
				}
				if scheme == "az" {
					w.WriteHeader(http.StatusCreated)
				}
			}))
			defer server.Close()
			s := open(t, server)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			version, err := s.PutFile(t.Context(), scheme+"://bucket/x", zeros{}, size)
			runtime.ReadMemStats(&after)
			if err != nil || version == "" {
				t.Fatalf("found version %q, %v", version, err)
			}
			if got < size || got > size+size/64 {
				t.Errorf("%d bytes came, expected %d", got, size)
			}
			if kept := after.TotalAlloc - before.TotalAlloc; kept > most {
				t.Errorf("allocated %d bytes to send %d", kept, size)
			}
		})
	}
}
