package fetch

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"tripstats/io/objstore"
)

// secrets are the parts of an address that must not be shown: user, password and query. Messages of ours do not have
// them; this is for what other packages quote.
type secrets []string

// shortest is the length from which a word of an address is taken for a secret, unless it stands in what may be shown.
const shortest = 6

func secretsOf(uri string) secrets {
	u, err := url.Parse(uri)
	if err != nil {
		return nil
	}
	var s secrets
	shown := objstore.Redact(uri)
	add := func(words ...string) {
		for _, w := range words {
			if len(w) >= shortest && !strings.Contains(shown, w) {
				s = append(s, w)
			}
		}
	}
	add(u.RawQuery)
	for _, values := range u.Query() {
		for _, v := range values {
			add(v, url.QueryEscape(v))
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		add(u.User.String(), password, url.QueryEscape(password), u.User.Username())
	}
	slices.SortFunc(s, func(a, b string) int { return len(b) - len(a) })
	return s
}

var address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

// hide takes secrets out of a text, and user, password and query out of all addresses in it.
func (s secrets) hide(text string) string {
	text = address.ReplaceAllStringFunc(text, objstore.Redact)
	for _, word := range s {
		text = strings.ReplaceAll(text, word, "***")
	}
	return text
}
