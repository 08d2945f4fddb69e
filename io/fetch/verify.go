package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// magic begins and ends every parquet file.
const magic = "PAR1"

// checkHead refuses what cannot be parquet by its first bytes, before the rest is sent. What a server sends instead is
// not repeated: it may hold what it was asked with.
func checkHead(head []byte) error {
	if strings.HasPrefix(string(head), magic) {
		return nil
	}
	found := "other bytes"
	text := strings.ToLower(string(bytes.TrimLeft(head, "\ufeff \t\r\n")))
	switch {
	case len(head) == 0:
		found = "nothing"
	case strings.HasPrefix(text, "<!doc"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<head"):
		found = "an HTML page"
	case strings.HasPrefix(text, "<"):
		found = "XML or an HTML page"
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		found = "JSON"
	case strings.HasPrefix(text, "version https://git-lfs"):
		found = "a git-lfs pointer"
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		found = "gzip"
	}
	return fmt.Errorf("not a parquet file: found %s, expected the magic bytes %s; see whether the address is right", found, magic)
}

// verify checks that a local file is whole parquet, and returns its SHA-256. name is what it goes by in errors.
func verify(ctx context.Context, path, name string) (sum string, err error) {
	o, err := objstore.Access{}.Stat(ctx, path)
	if err != nil {
		return "", localError{objstore.Reason(err)}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", localError{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, min(o.Size, int64(len(magic))))
	if _, err := io.ReadFull(f, head); err != nil {
		return "", localError{err}
	}
	if err := checkHead(head); err != nil {
		return "", err
	}
	if _, err := source.DescribeAs(ctx, objstore.Access{}, element.Found{URI: path, Source: name, Size: o.Size, Version: o.Version}, parquetio.Format{}); err != nil {
		if known := fault.Find(err); known != nil {
			return "", errors.New(strings.TrimPrefix(known.Message, name+": "))
		}
		return "", err
	}
	hash := sha256.New()
	hash.Write(head)
	if err := copyAll(ctx, hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// copyAll copies a local file until ctx ends.
func copyAll(ctx context.Context, to io.Writer, from io.Reader) error {
	buf := make([]byte, 1<<20)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := from.Read(buf)
		if _, err := to.Write(buf[:n]); err != nil {
			return localError{err}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return localError{err}
		}
	}
}

// localError is one of the destination, not of the source.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }
