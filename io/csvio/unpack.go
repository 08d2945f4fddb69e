package csvio

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	kflate "github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// packedText is what an unpacker reads: a reader that package gzip does not read ahead of.
type packedText interface {
	io.Reader
	io.ByteReader
}

// unpacker unpacks the members of a packed file, one after the other, and says what is wrong with packed bytes.
type unpacker struct {
	z    *gzip.Reader
	from packedText
}

func newUnpacker(from packedText) (*unpacker, error) {
	z, err := gzip.NewReader(from)
	if err != nil {
		return nil, unpackError(err)
	}
	z.Multistream(false)
	return &unpacker{z, from}, nil
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.z.Read(p)
	switch {
	case err == io.EOF:
		return n, u.next()
	case err != nil:
		return n, unpackError(err)
	}
	return n, nil
}

// next begins with the member that follows. At the end of the file it returns io.EOF.
func (u *unpacker) next() error {
	err := u.z.Reset(u.from)
	switch {
	case err == nil:
		u.z.Multistream(false)
		return nil
	case err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("gzip: found a few bytes after packed text, fewer than packed text begins with, expected the end of the file; the file is cut or damaged: fetch it again, or remove these bytes")
	}
	return unpackError(err)
}

// unpackError turns an error of package gzip into one that says what is wrong with the file. It does not change errors of reading the
// file.
func unpackError(err error) error {
	var corrupt flate.CorruptInputError
	var corruptToo kflate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("gzip: found its end too early; the file is cut: fetch it again")
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("gzip: found text of another checksum; the file is damaged: fetch it again")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("gzip: found bytes that are not gzip after packed text; the file is damaged: fetch it again")
	case errors.As(err, &corrupt), errors.As(err, &corruptToo):
		return fmt.Errorf("gzip: found bytes that make no sense (%w); the file is damaged: fetch it again", err)
	}
	return err
}

// packedBytes is how much of a packed file is read at once.
const packedBytes = 256 << 10

// unpack makes blocks of a packed file, which is one unit. An error comes with an empty block.
func (u *reader) unpack() {
	failed := func(b *block, err error) {
		b.err = err
		b.text, b.off = nil, 0
		u.start(b, func() error { return err })
	}
	b := u.slot()
	if b == nil {
		return
	}
	text, err := newUnpacker(&fileReader{u: u})
	if err != nil {
		failed(b, err)
		return
	}
	var rest []byte // the start of a line whose end is in the next block
	off := int64(0) // where rest starts in the text
	size := int(u.blockBytes)
	for {
		if cap(b.memory) < size+1+slack+len(rest) {
			b.memory = make([]byte, len(rest)+size+1+slack)
		}
		b.memory = b.memory[:cap(b.memory)]
		n := copy(b.memory, rest)
		read, err := io.ReadFull(text, b.memory[n:len(b.memory)-1-slack])
		n += read
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !end:
			failed(b, err)
			return
		case end:
			if n > 0 && b.memory[n-1] != '\n' {
				b.memory[n] = '\n'
				n++
			}
			b.last = true
			b.counts.Bytes = u.file.Size
		}
		whole := bytes.LastIndexByte(b.memory[:n], '\n') + 1
		rest = append(rest[:0], b.memory[whole:n]...)
		if len(rest) > maxLine {
			failed(b, errLong{off + int64(whole)})
			return
		}
		b.text, b.off = b.memory[:whole], off
		off += int64(whole)
		b.counts.Lines = int64(bytes.Count(b.text, newline))
		current := b
		u.start(current, func() error { return current.work(u.layout) })
		if end {
			return
		}
		if b = u.slot(); b == nil {
			return
		}
	}
}

// fileReader reads a file from its start.
type fileReader struct {
	u   *reader
	at  int64
	buf []byte
	mem []byte
}

func (f *fileReader) Read(p []byte) (int, error) {
	if len(f.buf) == 0 {
		if err := f.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.buf)
	f.buf = f.buf[n:]
	return n, nil
}

// ReadByte lets package gzip read without a buffer of its own.
func (f *fileReader) ReadByte() (byte, error) {
	if len(f.buf) == 0 {
		if err := f.more(); err != nil {
			return 0, err
		}
	}
	c := f.buf[0]
	f.buf = f.buf[1:]
	return c, nil
}

func (f *fileReader) more() error {
	if err := f.u.ctx.Err(); err != nil {
		return err
	}
	n := min(packedBytes, f.u.file.Size-f.at)
	if n <= 0 {
		return io.EOF
	}
	if f.mem == nil {
		f.mem = make([]byte, packedBytes)
	}
	read, err := f.u.in.ReadAt(f.mem[:n], f.at)
	if int64(read) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("found its end at byte %d, expected %d bytes as matched", f.at+int64(read), f.u.file.Size)
		}
		return err
	}
	f.at, f.buf = f.at+n, f.mem[:n]
	return nil
}

// LineAt returns the number of the line at a place in the text. It reads the file from the start, so it is only for messages.
func (u *reader) LineAt(offset int64) (int64, error) {
	file := &fileReader{u: u}
	text := io.Reader(file)
	if u.layout.packed {
		unpacked, err := newUnpacker(file)
		if err != nil {
			return 0, err
		}
		text = unpacked
	}
	line, buf := int64(1), make([]byte, packedBytes)
	for offset > 0 {
		n, err := text.Read(buf[:min(int64(len(buf)), offset)])
		line += int64(bytes.Count(buf[:n], newline))
		offset -= int64(n)
		if err != nil && offset > 0 {
			return 0, err
		}
	}
	return line, nil
}
