package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/io/tlc"
	"tripstats/transforms/quality"
)

func (s *settings) checkLimits() error {
	text, err := limitsText(s.limits)
	if err == nil {
		s.parsed.limits, err = quality.ParseLimits(text)
	}
	return err
}

func (s *settings) checkAsOf() (err error) {
	if s.parsed.asOf, err = tlc.ExactMonth(s.asOf); err != nil {
		return fmt.Errorf("%w, expected a month such as 2023-12", err)
	}
	return nil
}

// checkRejected refuses an empty value too: that of a variable that a script did not set must not open the gate.
func (s *settings) checkRejected() (err error) {
	if s.parsed.maxRejected, err = perMillion(s.rejected); err != nil {
		return fmt.Errorf("found %q, expected a share such as 1%% or 0.01", s.rejected)
	}
	return nil
}

// limitsText returns the list of limits: the value of --limits, or the content of the file that it names.
func limitsText(given string) (string, error) {
	path, isFile := strings.CutPrefix(given, "@")
	if !isFile {
		return given, nil
	}
	b, err := os.ReadFile(path)
	return withoutComments(strings.TrimPrefix(string(b), "\ufeff")), err // a byte order mark, which some editors write
}

// keep is which rows go into quarantine.
func (s *settings) keep() quality.Keep {
	switch {
	case s.keepRows == "":
		return quality.KeepNone
	case s.keepCells:
		return quality.KeepCells
	}
	return quality.KeepRows
}

// checkQuarantine refuses a quarantine that makes no sense.
func (s *settings) checkQuarantine() error {
	switch scheme, _ := objstore.Scheme(s.keepRows); {
	case s.keepRows == "":
		return errors.New("found nothing, expected a folder")
	case s.checkOutput() != nil: // which is said there
		return nil
	case scheme != "":
		return fmt.Errorf("found scheme %q, expected a local folder", scheme)
	case objstore.Misspelt(s.keepRows) != nil:
		return objstore.Misspelt(s.keepRows)
	}
	return quarantine.CheckDir(s.keepRows, s.output)
}

// checkKept refuses to read what the quarantine keeps: refused rows would be counted by and by.
func (s *settings) checkKept(objects []objstore.Object) error {
	for _, f := range objects {
		if s.keepRows != "" && !objstore.Remote(f.URI) && quarantine.Holds(s.keepRows, f.URI) {
			return usage("--quarantine: the input %s lies in %s, expected a folder that no input is in", f.Name, s.keepRows)
		}
	}
	return nil
}

// withoutComments makes one list of the lines of a limits file: RULE=NUMBER on each, # begins a comment.
func withoutComments(text string) string {
	var parts []string
	for l := range strings.Lines(text) {
		l, _, _ = strings.Cut(l, "#")
		parts = append(parts, strings.TrimSpace(l))
	}
	return strings.Join(parts, ",")
}

// perMillion reads a share, 1% or 0.01, as parts per million.
func perMillion(s string) (int64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	ppm := int64(v*1e6 + 0.5)
	switch {
	case err != nil:
	case !(v >= 0 && v <= 1), v > 0 && ppm == 0, v == 1 && !percent: // 1 is more likely meant to be 1 % than all
		err = strconv.ErrRange
	}
	return ppm, err
}
