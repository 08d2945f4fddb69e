package objstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a web server of objects in memory.
type site struct {
	mu      sync.Mutex
	content map[string][]byte
}

func (s *site) put(path string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content[path] = content
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.content[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func TestWebServersConform(t *testing.T) {
	s := &site{content: map[string][]byte{}}
	server := httptest.NewServer(s)
	defer server.Close()
	conforms(t, newWeb(Access{}), server.URL+"/", func(t *testing.T, path string, content []byte) { s.put(path, content) })
}
