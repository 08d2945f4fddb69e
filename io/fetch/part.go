package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tripstats/io/objstore"
)

// sidecar is what is known of a part file. It lies beside it.
type sidecar struct {
	URL     string `json:"url_sha256"` // of the address without user, password and query
	Version string `json:"version"`    // ETag or Last-Modified
	Size    int64  `json:"size"`       // of the whole content, -1 if the server does not say
	Kept    int64  `json:"kept"`       // bytes of the part file that are on the disk for sure
	SHA256  string `json:"sha256,omitempty"`
}

func decodeSidecar(b []byte) (s sidecar, err error) {
	if err := decodeOne(b, &s); err != nil {
		return sidecar{}, err
	}
	if !isSHA256(s.URL) || s.Size < -1 || s.Kept < 0 || s.Size >= 0 && s.Kept > s.Size || s.SHA256 != "" && !isSHA256(s.SHA256) {
		return sidecar{}, errors.New("not what fetch writes")
	}
	return s, nil
}

// part is a file that is being downloaded: bytes that are all of one version of one address.
//
// The part file is made before its sidecar and removed after it. So a sidecar without its part file says that the part
// file has been renamed to the file.
type part struct {
	path string
	url  string // as in the sidecar
	file *os.File
	state
}

// state is what of a part is there.
type state struct {
	sidecar
	offset   int64 // bytes in the part file
	syncedAt time.Time
}

func newPart(path, uri string) *part {
	sum := sha256.Sum256([]byte(objstore.Redact(uri)))
	return &part{path: path, url: hex.EncodeToString(sum[:])}
}

func (p *part) sidecarPath() string { return p.path + ".json" }
func (p *part) tempPath() string    { return p.path + ".json.tmp" }

// readSidecar reads the sidecar, if it is of this address.
func (p *part) readSidecar() (sidecar, bool) {
	info, err := os.Lstat(p.sidecarPath())
	if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<16 {
		return sidecar{}, false
	}
	b, err := os.ReadFile(p.sidecarPath())
	if err != nil {
		return sidecar{}, false
	}
	s, err := decodeSidecar(b)
	return s, err == nil && s.URL == p.url
}

// exists tells whether there is a part file with something in it.
func (p *part) exists() bool {
	info, err := os.Lstat(p.path)
	return err == nil && info.Size() > 0
}

// open opens the part file that an earlier run has left, as far as it can be continued, or makes one.
func (p *part) open() (err error) {
	if _, err := objstore.MakeDirs(filepath.Dir(p.path), 0o777); err != nil {
		return err
	}
	s, known := p.readSidecar()
	info, err := os.Lstat(p.path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is there and not a regular file; move it away", p.path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil || !known || s.Version == "":
		if err := remove(p.sidecarPath()); err != nil {
			return err
		}
		p.state = state{}
	default:
		p.state = state{sidecar: s, offset: min(info.Size(), s.Kept), syncedAt: time.Now()}
		p.SHA256 = ""
	}
	if p.file, err = os.OpenFile(p.path, os.O_CREATE|os.O_RDWR, 0o666); err != nil {
		return err
	}
	return p.file.Truncate(p.offset)
}

// begin begins the part anew, with a content of another version.
func (p *part) begin(version string, size int64) error {
	if err := remove(p.sidecarPath()); err != nil {
		return err
	}
	p.state = state{sidecar: sidecar{URL: p.url, Version: version, Size: size}}
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	return p.save()
}

// back drops the last bytes down to offset.
func (p *part) back(offset int64) error {
	p.offset = offset
	if p.Kept > offset {
		p.Kept = offset
		if err := p.save(); err != nil {
			return err
		}
	}
	return p.file.Truncate(offset)
}

// How much may be lost to a power cut.
const (
	syncBytes = 16 << 20
	syncEvery = time.Second
)

func (p *part) write(b []byte) error {
	n, err := p.file.WriteAt(b, p.offset)
	p.offset += int64(n)
	if err == nil && (p.offset-p.Kept >= syncBytes || time.Since(p.syncedAt) >= syncEvery) {
		err = p.sync()
	}
	return err
}

// sync makes what is there last.
func (p *part) sync() error {
	p.syncedAt = time.Now()
	if p.Kept == p.offset || p.URL == "" {
		return nil
	}
	if err := objstore.Sync(p.file); err != nil {
		return err
	}
	p.Kept = p.offset
	return p.save()
}

// save writes the sidecar. It is not synced: an older one promises less.
func (p *part) save() error {
	p.URL = p.url
	b, err := json.Marshal(p.sidecar)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.tempPath(), b, 0o666); err != nil {
		return err
	}
	return os.Rename(p.tempPath(), p.sidecarPath())
}

// close keeps what is there for the next run.
func (p *part) close() error {
	if p.file == nil {
		return nil
	}
	err := errors.Join(p.sync(), p.file.Close())
	p.file = nil
	if p.offset == 0 { // nothing to keep
		err = errors.Join(err, p.drop())
	}
	return err
}

// drop removes all that belongs to the part.
func (p *part) drop() error {
	var err error
	if p.file != nil {
		err = p.file.Close()
		p.file = nil
	}
	p.state = state{}
	return errors.Join(err, remove(p.sidecarPath()), remove(p.tempPath()), remove(p.path))
}

// remove removes a file. That there is none is no error.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
