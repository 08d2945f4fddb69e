package query

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // an identifier or a keyword, without quotes
	tokQuoted           // an identifier in double quotes
	tokNumber
	tokText // in single quotes
	tokSign // an operator or a punctuation mark
)

// token is a word of the text.
type token struct {
	kind tokenKind
	off  int
	raw  string // as it stands in the text
	// text is the word in lower case, the identifier or text without its quotes, or the sign.
	text string
}

// is tells whether the token is a keyword or a sign.
func (t token) is(text string) bool {
	return (t.kind == tokWord || t.kind == tokSign) && t.text == text
}

// String returns the token for a message.
func (t token) String() string {
	switch {
	case t.kind == tokEnd:
		return "the end of the text"
	case t.is(","):
		return "a comma"
	case t.is("."):
		return "a point"
	}
	return shorten(t.raw)
}

// signs are the operators and marks that the dialect has, the longest first.
var signs = []string{"::", "<=", ">=", "<>", "!=", "==", "//", "+", "-", "*", "/", "%", "<", ">", "=", "(", ")", ",", ";", "."}

// operatorChars are the characters of the operators that DuckDB has.
const operatorChars = "~!@#^&|?+-*/%<>=:$[]{}"

// lex splits a text into tokens, the last of which is tokEnd. What cannot be a token is reported; then there are no tokens.
func lex(r *report) (tokens []token, ok bool) {
	s := r.text
	if i := invalidUTF8(s); i >= 0 {
		r.add(i, msgNotUTF8)
		return nil, false
	}
	for {
		off := len(r.text) - len(s)
		if s == "" {
			return append(tokens, token{kind: tokEnd, off: off}), true
		}
		n, kind := 1, tokSign
		switch c := s[0]; {
		case isSpace(c):
			s = s[1:]
			continue
		case strings.HasPrefix(s, "--"):
			n = strings.IndexByte(s+"\n", '\n')
			s = s[n:]
			continue
		case strings.HasPrefix(s, "/*"):
			if n = commentLength(s); n < 0 {
				r.add(off, msgOpenComment)
				return nil, false
			}
			s = s[n:]
			continue
		case c == '\'' || c == '"':
			if n = quotedLength(s); n < 0 {
				r.add(off, msgOpenQuote, string(c))
				return nil, false
			}
			kind = tokText
			if c == '"' {
				kind = tokQuoted
			}
			if previous := len(tokens) - 1; kind == tokText && previous >= 0 && touches(tokens[previous], off) {
				r.add(tokens[previous].off, msgPrefixedText, tokens[previous])
				return nil, false
			}
		case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
			kind, n = tokNumber, numberLength(s)
			if n < len(s) && (isWordByte(s[n]) || s[n] == '.') {
				for n < len(s) && (isWordByte(s[n]) || s[n] == '.') {
					n++
				}
				r.add(off, msgNumber, shorten(s[:n]))
				return nil, false
			}
		case isWordByte(c):
			kind, n = tokWord, wordLength(s)
		default:
			if n = signLength(s); n == 0 {
				m := msgCharacter
				if strings.IndexByte(operatorChars, c) >= 0 {
					m = msgOperator
				}
				r.add(off, m, unknownSign(s))
				return nil, false
			}
		}
		tokens = append(tokens, token{kind: kind, off: off, raw: s[:n], text: unquoted(kind, s[:n])})
		s = s[n:]
	}
}

// touches tells whether a word other than DATE and TIMESTAMP ends where a text begins: E'...' has another meaning.
func touches(t token, off int) bool {
	return t.kind == tokWord && t.off+len(t.raw) == off && t.text != "date" && t.text != "timestamp"
}

func invalidUTF8(s string) int {
	for i, c := range s {
		if c == 0 || c == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

func isSpace(c byte) bool    { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool { return c == '_' || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func wordLength(s string) int {
	n := 1
	for n < len(s) && isWordByte(s[n]) {
		n++
	}
	return n
}

// numberLength is the length of digits with a point and an exponent.
func numberLength(s string) int {
	n := 0
	digits := func() {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	digits()
	if n < len(s) && s[n] == '.' {
		n++
		digits()
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		sign := n + 1
		if sign < len(s) && (s[sign] == '+' || s[sign] == '-') {
			sign++
		}
		if sign < len(s) && isDigit(s[sign]) {
			n = sign
			digits()
		}
	}
	return n
}

// signLength is the length of the sign at the start of s, or 0 if the dialect does not have it. As in DuckDB, a minus or plus that
// touches % or != is a part of it.
func signLength(s string) int {
	for _, sign := range signs {
		if !strings.HasPrefix(s, sign) {
			continue
		}
		rest := s[len(sign):]
		if (sign == "%" || sign == "!=") && rest != "" && (rest[0] == '-' || rest[0] == '+') {
			return 0
		}
		if sign != "::" && strings.IndexByte(operatorChars, sign[0]) >= 0 && rest != "" && strings.IndexByte("=<>!~|&^@#", rest[0]) >= 0 {
			return 0 // ->, <=>, <<: an operator of its own
		}
		return len(sign)
	}
	return 0
}

// unknownSign is the run of operator characters, or the one other character, at the start of s.
func unknownSign(s string) string {
	n := 0
	for n < len(s) && strings.IndexByte(operatorChars, s[n]) >= 0 {
		n++
	}
	if n == 0 {
		_, n = utf8.DecodeRuneInString(s)
	}
	return shorten(s[:n])
}

// quotedLength is the length of a quoted text or identifier, in which a doubled quote stands for one, or -1 if it does not end.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == s[0] {
			if i+1 == len(s) || s[i+1] != s[0] {
				return i + 1
			}
			i++
		}
	}
	return -1
}

// commentLength is the length of a comment, which may have others in it, or -1 if it does not end.
func commentLength(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return -1
}

func unquoted(kind tokenKind, raw string) string {
	switch kind {
	case tokWord:
		return strings.ToLower(raw)
	case tokText, tokQuoted:
		quote := raw[:1]
		return strings.ReplaceAll(raw[1:len(raw)-1], quote+quote, quote)
	}
	return raw
}
