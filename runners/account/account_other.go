//go:build !unix

// Package account has something to do on Unix only.
package account
