package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	beamrunners "github.com/apache/beam/sdks/v2/go/pkg/beam/runners"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/quarantine"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// checkInput refuses flags that do not say what to read. If doubt is set, it does not check whether flags go together.
func (o *options) checkInput(set map[string]bool, doubt bool, wrong *problems) {
	if !doubt {
		o.checkTogether(set, wrong)
	}
	if set["months"] {
		var err error
		if o.parsed.months, err = tlc.ParseRanges(o.months, o.taxi); err != nil {
			wrong.add("--months: %v", err)
		}
	}
	if set["source"] || set["months"] {
		if err := checkSource(o.source, o.access()); err != nil {
			wrong.add("--source: %v", err)
		}
	}
	for _, address := range o.input {
		if scheme, _ := objstore.Scheme(address); !objstore.Served(scheme) {
			wrong.add("--input: %s: found scheme %q, expected a local path, gs, s3, az or https", objstore.Redact(address), scheme)
		} else if err := o.access().Allows(address); err != nil {
			wrong.add("--input: %s: %v", objstore.Redact(address), err)
		}
	}
	if o.memory != "" {
		var err error
		if o.parsed.memory, err = parseBytes(o.memory); err != nil {
			wrong.add("--max-memory: %v", err)
		} else if least := o.leastMemory(*beamrunners.Runner); o.parsed.memory < least && !o.plan {
			wrong.add("--max-memory: found %q, expected at least %dMiB with this runner and input", o.memory, least>>20)
		}
	}
}

// checkTogether refuses flags that do not go together or that need another flag. Without any input the sample is read.
func (o *options) checkTogether(set map[string]bool, wrong *problems) {
	switch {
	case set["months"] && set["input"]:
		wrong.add("--input and --months: found both, expected one of them")
	case set["months"] && o.taxi == "":
		wrong.add("--months does not say of which taxi: add --taxi=%s", strings.Join(tlc.Taxis(), " or --taxi="))
	case set["months"]:
	case set["source"] || set["missing"]:
		wrong.add("--source and --missing go with --months")
	case set["output"] && !set["input"] && !o.plan:
		wrong.add("--output alone does not say what to read: add --input='dir/**/*.parquet', --months=2014-01..2023-12, or --input=sample")
	case len(o.input) == 0:
		o.input = patterns{sampleInput}
	}
}

// access is how stores are reached.
func (o *options) access() objstore.Access {
	a := objstore.Access{GCSAnonymous: o.anonymous, AllowHTTP: o.allowHTTP}
	if o.months != "" {
		a.Refusing = refusing(o.source)
	}
	return a
}

// refusing is how addresses begin below a source that may refuse who asks too often, or "".
func refusing(source string) string {
	if scheme, _ := objstore.Scheme(source); scheme == "https" || scheme == "http" {
		return tlc.Prefix(source)
	}
	return ""
}

// checkSource refuses a source of months that cannot be asked. Its errors do not repeat it, as it may be signed.
func checkSource(source string, access objstore.Access) error {
	scheme, _ := objstore.Scheme(source)
	switch {
	case source == "":
		return errors.New("found nothing, expected an address, folder or bucket")
	case !objstore.Remote(source) && scheme != "" || !objstore.Served(scheme):
		return fmt.Errorf("found scheme %q, expected a folder, https, gs, s3 or az", scheme)
	case (scheme == "http" || scheme == "https" || scheme == "az") && strings.ContainsAny(source, "?#"):
		return errors.New("found a query or fragment, to which no file name can be added; give signed addresses one by one (--input, or fetch --urls-file)")
	}
	return access.Allows(source)
}

// inputs finds what is to be read: by patterns, or by months.
func inputs(ctx context.Context, stderr io.Writer) ([]objstore.Object, error) {
	if opts.months == "" {
		return match(ctx, "--input", opts.input)
	}
	finder := tlc.Finder{Source: opts.source, Taxi: opts.taxi}
	var found []tlc.Month
	for _, r := range opts.parsed.months {
		more, err := finder.Find(ctx, r)
		if err != nil {
			return nil, fault.Inputf("--months: %v", err)
		}
		found = append(found, more...)
	}
	var objects []objstore.Object
	var absent []string
	for _, m := range found {
		if m.Absent {
			absent = append(absent, tlc.FormatMonth(m.Month))
		} else {
			objects = append(objects, m.Object)
		}
	}
	source := objstore.Redact(opts.source)
	switch {
	case len(objects) == 0:
		return nil, fault.New(fault.NoMatch, "--months: %s: found no %s file of these months in %s", opts.months, opts.taxi, source)
	case len(absent) > 0 && opts.missing != "skip":
		return nil, fault.New(fault.NoMatch, "--months: found no %s file of %s in %s; leave them out, or say --missing=skip", opts.taxi, trip.SomeMonths(absent, opts.verbose), source)
	case len(absent) > 0:
		line(stderr, "note: skipped because they are not there: %s %s", opts.taxi, trip.SomeMonths(absent, opts.verbose))
	}
	return objects, nil
}

// match expands patterns. Its faults begin with what they were given by.
func match(ctx context.Context, by string, input []string) ([]objstore.Object, error) {
	patterns := make([]string, len(input))
	for i, p := range input {
		if p == sampleInput {
			p = samplePattern
		}
		patterns[i] = p
	}
	objects, err := objstore.Match(ctx, patterns, publish.Own, quarantine.Own)
	switch f := matchFault(by, err); {
	case f == nil:
		return objects, nil
	case len(patterns) == 1 || f.Code == fault.Unavailable || ctx.Err() != nil:
		return nil, f
	default:
		return nil, matchEach(ctx, by, patterns, f)
	}
}

// matchEach matches the patterns one by one, to report what is wrong with each; if each is right alone, it reports what is
// wrong with them together.
func matchEach(ctx context.Context, by string, patterns []string, together *fault.Fault) error {
	var problems []*fault.Fault
	for _, p := range patterns {
		if _, err := objstore.Match(ctx, []string{p}, publish.Own, quarantine.Own); err != nil {
			problems = append(problems, matchFault(by, err))
		}
	}
	if len(problems) == 0 {
		return together
	}
	return fault.All(problems...)
}

// matchFault returns an error of objstore.Match with its exit code, or nil if there is no error.
func matchFault(by string, err error) *fault.Fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, objstore.ErrNoMatch):
		return fault.New(fault.NoMatch, "%s: %v", by, err)
	case errors.Is(err, objstore.ErrPattern):
		return usage("%s: %v", by, err)
	}
	return fault.Inputf("%s: %v", by, err)
}

const (
	localMemory  = 160 << 20
	remoteMemory = 256 << 20

	// The least limits that a run keeps on two cores, even if these are busy.
	leastLocalMemory       = 112 << 20
	leastRemoteMemory      = 144 << 20
	leastPrismMemory       = 144 << 20
	leastRemotePrismMemory = 192 << 20

	// messages is roughly the memory that prism needs in addition while it reads over a network.
	messages = 30 << 20
)

// remote tells whether input is read over the network.
func (o *options) remote() bool {
	return slices.ContainsFunc(o.input, objstore.Remote) || o.months != "" && objstore.Remote(o.source)
}

// leastMemory is the least that a process that reads can be held to.
func (o *options) leastMemory(runner string) int64 {
	remote := o.remote()
	switch {
	case remote && runner == "prism":
		return leastRemotePrismMemory
	case runner == "prism":
		return leastPrismMemory
	case remote:
		return leastRemoteMemory
	}
	return leastLocalMemory
}

// mostMemory is what a process that reads may take for that.
func (o *options) mostMemory(runner string) source.Memory {
	most, remote := o.parsed.memory, o.remote()
	if most == 0 {
		most = localMemory
		if remote {
			most = remoteMemory
		}
	}
	if remote && runner == "prism" {
		most -= messages
	}
	return source.Memory(most)
}

// units are the units of amounts of memory; upper and lower case are the same. A single letter is binary, like in Docker and
// Java.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1},
}

// parseBytes reads an amount of memory: 160MiB, 1G, 200000000.
func parseBytes(s string) (int64, error) {
	text, unit := strings.TrimSpace(s), 1.0
	for _, u := range units {
		if at := len(text) - len(u.suffix); at > 0 && strings.EqualFold(text[at:], u.suffix) {
			text, unit = strings.TrimSpace(text[:at]), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if v *= unit; err != nil || !(v >= 0) || v > math.MaxInt64/2 {
		return 0, fmt.Errorf("found %q, expected an amount such as 256MiB or 1G", s)
	}
	return int64(v), nil
}
