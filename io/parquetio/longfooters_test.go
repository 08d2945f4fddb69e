package parquetio

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"testing"
)

// fileWithFooter returns a file that has nothing but a footer of n zeros.
func fileWithFooter(n int) *bytes.Reader {
	b := append([]byte("PAR1"), make([]byte, n)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	return bytes.NewReader(append(b, "PAR1"...))
}

// readFooter reads the footer of a file and calls f meanwhile.
func readFooter(t *testing.T, file *bytes.Reader, f func()) {
	t.Helper()
	if err := withFooter(file, file.Size(), func([]byte) error { f(); return nil }); err != nil {
		t.Error(err)
	}
}

func nothing() {}

// TestShorterFootersDoNotHoldTheMemoryOfLongOnes keeps many goroutines inside shorter footers. Each of them starts after a long footer was read.
func TestShorterFootersDoNotHoldTheMemoryOfLongOnes(t *testing.T) {
	long, shorter := fileWithFooter(15<<20), fileWithFooter(100<<10)
	before := inUse()
	var in, done sync.WaitGroup
	leave := make(chan struct{})
	for range 8 {
		readFooter(t, long, nothing)
		in.Add(1)
		done.Go(func() {
			readFooter(t, shorter, func() {
				in.Done()
				<-leave
			})
		})
		in.Wait()
	}
	took := inUse() - before
	close(leave)
	done.Wait()
	if took > 32<<20 {
		t.Errorf("found %d MiB in use, expected at most 32", took>>20)
	}
}

// TestTheMemoryOfALongFooterIsUsedAgain reads footers of about the same length. Each is read by another goroutine.
func TestTheMemoryOfALongFooterIsUsedAgain(t *testing.T) {
	if raced {
		t.Skip("SKIPPED: under the race detector pools drop memory at random, so more is allocated")
	}
	var files []*bytes.Reader
	for i := range 8 {
		files = append(files, fileWithFooter(15<<20+(i+1)*100<<10))
	}
	before := inUse()
	took := allocated(func() {
		for _, file := range files {
			var done sync.WaitGroup
			done.Go(func() { readFooter(t, file, nothing) })
			done.Wait()
		}
	})
	if took > 48<<20 {
		t.Errorf("found %d MiB for %d footers, expected the memory of one", took>>20, len(files))
	}
	if left := inUse() - before; left > 8<<20 {
		t.Errorf("found %d MiB in use long after the last footer, expected none", left>>20)
	}
	runtime.KeepAlive(files)
}
