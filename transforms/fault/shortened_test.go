package fault

import "testing"

// TestATextIsShortenedBetweenCharacters so that no message has half a character.
func TestATextIsShortenedBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc..."},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü..."},
		{"\xff\xfe\xfd", 2, "\xff\xfe..."},
	} {
		if got := Shortened(c.text, c.most); got != c.want {
			t.Errorf("%q: found %q, expected %q", c.text, got, c.want)
		}
	}
}
