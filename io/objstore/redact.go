package objstore

import (
	"errors"
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
	if i := strings.IndexAny(rest, "?#"); i >= 0 && scheme != "gs" && scheme != "s3" { // there ? is of a pattern
		rest = rest[:i]
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

// bare returns the reason of an error of package net/http without the address, which may hold a secret.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
