package csvio

import (
	"strings"
	"testing"
)

// TestAHeaderAloneIsKnown tells a text that has no rows from others before any row is read.
func TestAHeaderAloneIsKnown(t *testing.T) {
	blank := strings.Repeat("\n\r\n", 50_000)
	for text, want := range map[string]bool{
		"a,b":                      true,
		"a,b\n":                    true,
		"\n\na,b\r\n\r\n\n\r":      true,
		"a,b\n" + blank:            true,
		"a,b\n1,2\n":               false,
		"a,b\n" + blank + "1,2":    false,
		"a,b\n \n":                 false,
		"a,b\n\r\r\n":              false,
		"a,b\n\x00":                false,
		"\xef\xbb\xbfa,b\n\n1,2\n": false,
	} {
		for _, content := range []string{text, string(pack(text))} {
			f, err := described(t, Format{}, []byte(content))
			if err != nil || f.Empty() != want {
				t.Errorf("%.20q: found without rows %v, %v, expected %v", text, f.Empty(), err, want)
			}
		}
	}
	cut := pack("a,b\n" + blank)
	if f, err := described(t, Format{}, cut[:len(cut)-4]); err != nil || f.Empty() {
		t.Errorf("cut: found without rows %v, %v, expected that reading tells", f.Empty(), err)
	}
}
