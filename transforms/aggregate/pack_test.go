package aggregate

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// A state that is much too large to be kept is not compressed to find that out. One that may be kept is never taken for such a state.
func TestPartsOfAStateTellThatItIsTooLargeToKeep(t *testing.T) {
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 9))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	const mib = 1 << 20
	for name, state := range map[string][]byte{
		"small":              noise(1000),
		"noise":              noise(4 * mib),
		"short noise":        noise(mib / 10),
		"short, the same":    bytes.Repeat([]byte("0123456789"), mib/100),
		"half noise":         append(noise(2*mib), make([]byte, 2*mib)...),
		"the same all along": bytes.Repeat([]byte("0123456789"), mib/2),
		"empty":              nil,
	} {
		whole := int64(len(compressed(enc, state)))
		for most := int64(1 << 9); most < 8*mib; most *= 2 {
			switch found := tooLarge(enc, state, most); {
			case found && whole <= most:
				t.Errorf("%s: takes %d bytes, of which %d may be kept, and is held to be too large", name, whole, most)
			case !found && strings.HasSuffix(name, "noise") && name != "half noise" && whole > 3*most:
				t.Errorf("%s: takes %d bytes, of which %d may be kept, and is not held to be too large", name, whole, most)
			}
		}
	}
}
