package objstore

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Only this file decides what may be shown of addresses and of values that users pass. Redact is for one address. Hide is for a
// text that other programs have written in part, such as the error of a server. HidingWriter is for everything that a program
// prints.

// Redact returns an address as it may be shown: without user, password and query, in which signed addresses carry their
// key. A local path is returned as it is.
func Redact(uri string) string {
	scheme, rest := Scheme(uri)
	if scheme == "" {
		if isFile := len(uri) > 5 && strings.EqualFold(uri[:5], "file:"); !isFile && (strings.Contains(uri, "://") || slip.MatchString(uri)) {
			return hideForms(uri) // an address with something before it, or that is not written right
		}
		return uri
	}
	if scheme != "gs" && scheme != "s3" { // there ? is of a pattern
		if oddUser(rest) {
			return scheme + "://..."
		}
		if i := strings.IndexAny(rest, "?#"); i >= 0 {
			rest = rest[:i]
		}
	}
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = host[i+1:]
	}
	if strings.Contains(rest, "/") {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

var (
	// address is an address in a text.
	address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

	// slip is a mistyped address: one with another number of slashes.
	slip = regexp.MustCompile(`(?i)\b(https?|gs|s3|az)(:/?|:///+)([^\s"'<>/:][^\s"'<>]*)`)

	// query is the query of an address without a scheme: ? and a name with a value. In a pattern, ? stands for a letter.
	query = regexp.MustCompile(`\?[^\s"'<>/?#=]*=[^\s"'<>]*`)

	// user is user and password before a host without a scheme.
	user = regexp.MustCompile(`(^|[\s"'<>=,(/])([^\s"'<>=,(/:@]*:[^\s"'<>/]*)@([^\s"'<>/@])`)

	// wholeUser is user and password at the start of a text, or of the value of a flag. The password may have any letter.
	wholeUser = regexp.MustCompile(`^(?:-[^=]*=)?([^\s/:@]*):(\S+)@`)
)

// hideForms hides everything in a text that has the form of a secret.
func hideForms(text string) string {
	var b strings.Builder
	for {
		at := address.FindStringIndex(text)
		if at == nil {
			b.WriteString(hideSlips(text))
			return b.String()
		}
		b.WriteString(hideSlips(text[:at[0]]))
		shown := text[at[0]:at[1]]
		if scheme, _ := Scheme(shown); scheme != "" {
			shown = query.ReplaceAllString(Redact(shown), "")
		}
		b.WriteString(shown)
		text = text[at[1]:]
	}
}

// hideSlips is hideForms for a text without whole addresses.
func hideSlips(text string) string {
	text = slip.ReplaceAllStringFunc(text, func(s string) string {
		m := slip.FindStringSubmatch(s)
		return m[1] + m[2] + strings.TrimPrefix(Redact(m[1]+"://"+m[3]), strings.ToLower(m[1])+"://")
	})
	return user.ReplaceAllString(query.ReplaceAllString(text, ""), "${1}***@${3}")
}

var misspelt = regexp.MustCompile(`(?i)^(https?|gs|s3|az):/?[^/]`)

// Misspelt refuses an address without its two slashes, which would be a local path of a strange name.
func Misspelt(uri string) error {
	if m := misspelt.FindStringSubmatch(uri); m != nil {
		scheme := strings.ToLower(m[1])
		return fmt.Errorf("found no // after %s:, expected %s://, or ./%s: for a local path", m[1], scheme, scheme)
	}
	return nil
}

// secrets are words that must not be shown anywhere.
type secrets map[string]bool

// learn adds the secrets of the addresses in a text: their queries, the values in them, users and passwords.
func (s secrets) learn(text string) {
	text = slip.ReplaceAllString(text, "$1://$3")
	uris := address.FindAllString(text, -1)
	if scheme, _ := Scheme(text); scheme != "" { // with spaces and quotes in it
		uris = append(uris, text)
	}
	for _, uri := range uris {
		_, rest, _ := strings.Cut(uri, "://")
		if i := strings.LastIndex(rest, "@"); i >= 0 {
			name, password, _ := strings.Cut(rest[:i], ":")
			s.add(uri, rest[:i], name, password)
		}
		if i := strings.IndexAny(rest, "?#"); i >= 0 {
			s.add(uri, rest[i+1:])
			s.values(uri, rest[i+1:])
		}
	}
	for _, q := range query.FindAllString(address.ReplaceAllString(text, ""), -1) {
		s.values("", q[1:])
	}
	if m := wholeUser.FindStringSubmatch(text); m != nil {
		s.add("", m[1:]...)
	}
}

// values adds the values in a query.
func (s secrets) values(uri, query string) {
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return strings.ContainsRune("&;?#", r) }) {
		_, value, _ := strings.Cut(pair, "=")
		s.add(uri, value)
	}
}

// add adds words, except those that are in the shown part of an address and those that may be in any text.
func (s secrets) add(uri string, words ...string) {
	shown := Redact(uri)
	for _, w := range words {
		quoted := strconv.Quote(w)
		forms := []string{w, url.QueryEscape(w), url.PathEscape(w), quoted[1 : len(quoted)-1]}
		if plain, err := url.QueryUnescape(w); err == nil {
			forms = append(forms, plain)
		}
		for _, form := range forms {
			if !ordinary(form) && !strings.Contains(shown, form) {
				s[form] = true
			}
		}
	}
}

// hide replaces the words by ***, the longest first, because a short word may be part of a longer one.
func (s secrets) hide(text string) string {
	byLength := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	for _, w := range slices.SortedFunc(maps.Keys(s), byLength) {
		text = strings.ReplaceAll(text, w, "***")
	}
	return text
}

// learnAll is learn for a text that may be a list.
func (s secrets) learnAll(text string) {
	s.learn(text)
	for part := range strings.SplitSeq(text, ",") {
		s.learn(part)
	}
}

// learnt has the secrets from Learn and LearnWords.
var learnt = struct {
	sync.RWMutex
	secrets
}{secrets: secrets{}}

// Learn makes Hide leave out, from now on, the secrets of the addresses in a text or list, wherever they appear.
func Learn(text string) {
	learnt.Lock()
	defer learnt.Unlock()
	learnt.learnAll(text)
}

// LearnWords makes Hide leave out words from now on. Words that are too short or may be in any text are not taken as secrets.
func LearnWords(words ...string) {
	learnt.Lock()
	defer learnt.Unlock()
	learnt.add("", words...)
}

// Hide removes secrets from a text: user, password and query of every address in it, in whatever form, the same words elsewhere
// in the text, and all that was learnt.
func Hide(text string, addresses ...string) string {
	text = hideForms(text)
	if len(addresses) > 0 {
		s := secrets{}
		for _, a := range addresses {
			s.learnAll(a)
		}
		text = s.hide(text)
	}
	learnt.RLock()
	defer learnt.RUnlock()
	return learnt.hide(text)
}

// ordinary tells whether a word is a number or short: it may stand in any text, so it is not hidden everywhere. In an address
// or flag it is hidden by its place.
func ordinary(word string) bool {
	switch letters := strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"); {
	case len(word) < 6:
		return true
	case letters == "":
		return len(word) < 8
	case strings.Trim(word, "0123456789.-:TZ") == "": // numbers, months and times
		return len(word) < 21
	}
	return false
}

// HidingWriter passes each Write through Hide and writes the result to W.
type HidingWriter struct{ W io.Writer }

func (h HidingWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(h.W, Hide(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// oddUser tells whether the part of an address after the scheme may have a password with a / ? or # in it. They must be written
// as %2F, %3F and %23: otherwise the part before them is taken as the host, and the rest as the path or query.
func oddUser(rest string) bool {
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	if !strings.Contains(rest[len(host):], "@") {
		return false
	}
	path, _, _ := strings.Cut(rest, "?")
	path, _, _ = strings.Cut(path, "#")
	if i := strings.LastIndex(path, "@"); i >= 0 && strings.Contains(path[:i], ":") {
		return true
	}
	name := host
	if strings.HasPrefix(name, "[") { // as in [::1]:80
		name = name[strings.Index(name, "]")+1:]
	}
	_, port, ok := strings.Cut(name, ":")
	return ok && (host == path || port == "" || strings.Trim(port, "0123456789") != "")
}

// bare returns the reason of an error of package net/http without the address, which may hold a secret.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if strings.Contains(err.Error(), "Location header") { // it quotes the server's answer, which may repeat the query
		return errors.New("the server sends on to an address that is not valid")
	}
	var lookup *net.DNSError
	var known *noHostError
	if errors.As(err, &lookup) && lookup.IsNotFound && !errors.As(err, &known) {
		return &noHostError{lookup, "is the address right, and is this machine on the network?"}
	}
	return err
}
