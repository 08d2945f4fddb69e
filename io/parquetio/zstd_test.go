package parquetio

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// zstd's decoder is fast only if there is room after a page, of whatever size.
func TestZstdPagesWithRoomAreDecodedTheSame(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 15, 16, 17, 4096, 128<<10 - 1, 128 << 10, 128<<10 + 1, 256 << 10, 1<<20 + 3} {
		page := make([]byte, n)
		for i := range page {
			page[i] = byte(i*i>>3) % 37
		}
		packed := enc.EncodeAll(page, nil)
		memory := bytes.Repeat([]byte{0xee}, n+zstdRoom(n)+64)
		dst := memory[: n : n+zstdRoom(n)]
		if err := whole(decodeZstd)(dst, packed); err != nil || !bytes.Equal(dst, page) {
			t.Errorf("%d bytes: found another page, %v", n, err)
		}
		if after := memory[n+zstdRoom(n):]; !bytes.Equal(after, bytes.Repeat([]byte{0xee}, 64)) {
			t.Errorf("%d bytes: the decoder wrote beyond the room", n)
		}
		if n > 0 { // a page that is longer than declared fits into the room
			if err := whole(decodeZstd)(memory[:n-1:n+zstdRoom(n)], packed); err == nil {
				t.Errorf("%d bytes: no error where %d were declared", n, n-1)
			}
		}
	}
}

// The page's last block has room for the whole page after it, as zstd's decoder asks for.
func TestZstdRoomIsWhatTheDecoderAsksFor(t *testing.T) {
	for _, n := range []int{1, 1000, 128 << 10, 128<<10 + 1, 400_000, 1 << 20, 1<<20 + 1} {
		lastBlock := (n - 1) / (128 << 10) * (128 << 10) // bytes before it
		if free := n + zstdRoom(n) - lastBlock; free-16 < n {
			t.Errorf("%d bytes: found %d bytes of room at the last block, expected %d", n, free, n+16)
		}
	}
}
