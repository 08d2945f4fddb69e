package objstore

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Redact returns an address as it may be shown: without user, password and query, in which signed addresses carry their
// key. A local path is returned as it is.
func Redact(uri string) string {
	scheme, rest := Scheme(uri)
	if scheme == "" {
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

// oddUser tells whether what follows the scheme of an address may have a password with a / ? or # in it, which belong
// there as %2F, %3F and %23: what comes before them is taken for the host else, and the rest for the path or the query.
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
	var lookup *net.DNSError
	var known *noHostError
	if errors.As(err, &lookup) && lookup.IsNotFound && !errors.As(err, &known) {
		return &noHostError{lookup, "is the address right, and is this machine on the network?"}
	}
	return err
}
