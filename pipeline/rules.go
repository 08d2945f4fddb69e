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

// parseRules reads the flags that are about the rules. Its errors are faults with exit code 2.
func (o *options) parseRules(set map[string]bool) error {
	for _, name := range []string{"limits", "as-of", "max-rejected", "quarantine", "quarantine-cells"} {
		if set[name] && !o.standard() {
			return usage("--%s goes with --quality=standard: raw applies no rule", name)
		}
	}
	text := o.limits
	if path, isFile := strings.CutPrefix(text, "@"); isFile {
		b, err := os.ReadFile(path)
		if err != nil {
			return usage("--limits: %v", err)
		}
		text = withoutComments(strings.TrimPrefix(string(b), "\ufeff")) // some editors begin a file so
	}
	var err error
	if o.parsed.limits, err = quality.ParseLimits(text); err != nil {
		return usage("--limits: %v", err)
	}
	o.parsed.asOf = element.NoMonth
	if set["as-of"] {
		month, ok := tlc.MonthOf(o.asOf)
		if !ok || tlc.FormatMonth(month) != o.asOf {
			return usage("--as-of: found %q, expected a month such as 2023-12", o.asOf)
		}
		o.parsed.asOf = month
	}
	o.parsed.maxRejected = -1
	if set["max-rejected"] { // empty, as from a variable that a script did not set, must not open the gate
		if o.parsed.maxRejected, err = perMillion(o.rejected); err != nil {
			return usage("--max-rejected: found %q, expected a share such as 1%% or 0.01", o.rejected)
		}
	}
	return nil
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
func (o *options) checkQuarantine(set map[string]bool) error {
	switch {
	case o.keepCells && o.keepRows == "":
		return usage("--quarantine-cells does not say where to: add --quarantine=DIR")
	case set["quarantine"] && o.keepRows == "":
		return usage("--quarantine: found nothing, expected a folder")
	case o.keepRows == "":
		return nil
	}
	if scheme, _ := objstore.Scheme(o.keepRows); scheme != "" {
		return usage("--quarantine: found scheme %q, expected a local folder", scheme)
	}
	if err := objstore.Misspelt(o.keepRows); err != nil {
		return usage("--quarantine: %v", err)
	}
	if err := quarantine.CheckDir(o.keepRows, o.output); err != nil {
		return usage("--quarantine: %v", err)
	}
	return nil
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
