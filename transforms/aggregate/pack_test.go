package aggregate

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// Some parts of a state show that the state is much too large to be kept, without compressing all of it. A state that may be kept is never found
// too large.
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
				t.Errorf("%s: found too large with %d compressed bytes, expected to be kept: %d bytes may be kept", name, whole, most)
			case !found && strings.HasSuffix(name, "noise") && name != "half noise" && whole > 3*most:
				t.Errorf("%s: not found too large with %d compressed bytes, expected to be: %d bytes may be kept", name, whole, most)
			}
		}
	}
}
