package objstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// StateDir is the folder below an output that has its versions and its lock. Only the manifest and the copies are outside.
const StateDir = ".tripstats"

// ErrBusy says that another run is publishing to the same output.
var ErrBusy = errors.New("another run is publishing to this output")

// CheckOutput tells early whether an address can be an output, without creating anything.
func CheckOutput(output string) error {
	if err := Misspelt(output); err != nil {
		return err
	}
	switch scheme, rest := Scheme(output); {
	case scheme == "http" || scheme == "https":
		return fmt.Errorf("%s: to write to a web server: %w; name a folder, gs://, s3:// or az://", Redact(output), ErrUnsupported)
	case scheme != "" && makers[scheme] == nil:
		return &UnsupportedError{URI: Redact(output), Scheme: scheme}
	case scheme != "":
		if bucket, _, _ := strings.Cut(rest, "/"); bucket == "" {
			return fmt.Errorf("%s: found no bucket, expected %s://bucket/path", Redact(output), scheme)
		}
		return nil
	}
	path, err := local(output)
	if err != nil {
		return err
	}
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err == nil {
			if !info.IsDir() {
				return fmt.Errorf("%s is not a folder", p)
			}
			return nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w", p, Reason(err))
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}
