package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

const gzipEnding = ".gz"

// FindPacked sets the text of files whose names differ by .gz alone and which begin with the same text. It compares the first endBytes of
// the texts: where these are the same, the files have the same trips at least in part.
func FindPacked(ctx context.Context, access objstore.Access, files []element.Found) error {
	packed := map[string]int{} // by the name without .gz
	for i, f := range files {
		if name, is := strings.CutSuffix(f.URI, gzipEnding); is && f.Refused == "" && f.Size > 0 {
			packed[name] = i
		}
	}
	for i, f := range files {
		at, is := packed[f.URI]
		if !is || f.Refused != "" || f.Size == 0 {
			continue
		}
		plain, err := beginning(ctx, access, f, false)
		if err != nil {
			return err
		}
		unpacked, err := beginning(ctx, access, files[at], true)
		if err != nil {
			return err
		}
		if len(plain) > 0 && bytes.Equal(plain, unpacked) {
			files[i].Text, files[at].Text = f.Source, f.Source
		}
	}
	return nil
}

// beginning returns the first endBytes of the text of a file. It returns nothing if a packed file cannot be unpacked, because whoever reads
// the file says what is wrong with it.
func beginning(ctx context.Context, access objstore.Access, f element.Found, packed bool) (text []byte, err error) {
	r, err := open(ctx, access, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	file := bufio.NewReaderSize(io.NewSectionReader(r, 0, f.Size), int(min(endBytes, f.Size)))
	if _, err := file.Peek(1); err != nil {
		return nil, fault.Inputf("%s: reading it, because a file of its name with or without %s may be a copy: %v", f.Source, gzipEnding, objstore.Reason(err))
	}
	content := io.Reader(file)
	if packed {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, nil
		}
		content = z
	}
	text, err = io.ReadAll(io.LimitReader(content, endBytes))
	switch {
	case err == nil:
		return text, nil
	case packed:
		return nil, nil
	}
	return nil, fault.Inputf("%s: reading it, because a file of its name with %s may be a copy: %v", f.Source, gzipEnding, objstore.Reason(err))
}
