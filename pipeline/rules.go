package main

import (
	"os"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
)

// parseRules reads the flags that are about the rules.
func (o *options) parseRules(set map[string]bool, wrong *problems) {
	for _, name := range []string{"limits", "as-of", "max-rejected", "quarantine", "quarantine-cells"} {
		if set[name] && o.quality == "raw" {
			wrong.add("--%s goes with --quality=standard: raw applies no rule", name)
		}
	}
	text, err := limitsText(o.limits)
	if err == nil {
		o.parsed.limits, err = quality.ParseLimits(text)
	}
	if err != nil {
		wrong.add("--limits: %v", err)
	}
	o.parsed.asOf = element.NoMonth
	if set["as-of"] {
		if o.parsed.asOf, err = tlc.ExactMonth(o.asOf); err != nil {
			wrong.add("--as-of: %v, expected a month such as 2023-12", err)
		}
	}
	o.parsed.maxRejected = -1
	if set["max-rejected"] { // empty, as from a variable that a script did not set, must not open the gate
		if o.parsed.maxRejected, err = perMillion(o.rejected); err != nil {
			wrong.add("--max-rejected: found %q, expected a share such as 1%% or 0.01", o.rejected)
		}
	}
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
func (o *options) keep() quality.Keep {
	switch {
	case o.keepRows == "":
		return quality.KeepNone
	case o.keepCells:
		return quality.KeepCells
	}
	return quality.KeepRows
}

// checkQuarantine refuses a quarantine that makes no sense.
func (o *options) checkQuarantine(set map[string]bool, wrong *problems) {
	switch scheme, _ := objstore.Scheme(o.keepRows); {
	case set["quarantine"] && o.keepRows == "":
		wrong.add("--quarantine: found nothing, expected a folder")
	case o.keepCells && o.keepRows == "" && o.standard():
		wrong.add("--quarantine-cells does not say where to: add --quarantine=DIR")
	case o.keepRows == "":
	case scheme != "":
		wrong.add("--quarantine: found scheme %q, expected a local folder", scheme)
	case objstore.Misspelt(o.keepRows) != nil:
		wrong.add("--quarantine: %v", objstore.Misspelt(o.keepRows))
	default:
		if err := quarantine.CheckDir(o.keepRows, o.output); err != nil {
			wrong.add("--quarantine: %v", err)
		}
	}
}

// checkKept refuses to read what the quarantine keeps: refused rows would be counted by and by.
func (o *options) checkKept(objects []objstore.Object) error {
	for _, f := range objects {
		if o.keepRows != "" && !objstore.Remote(f.URI) && quarantine.Holds(o.keepRows, f.URI) {
			return usage("--quarantine: the input %s lies in %s, expected a folder that no input is in", f.Name, o.keepRows)
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
