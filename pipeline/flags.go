package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	beamrunners "github.com/apache/beam/sdks/v2/go/pkg/beam/runners"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/runners"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

const (
	defaultOutput  = "./out"
	defaultQuality = "standard"
	sampleInput    = "sample"
)

// options are the flags of the main command, as given.
type options struct {
	input     patterns
	output    string
	taxi      string
	sameMonth string
	utc       string
	quality   string
	format    string
	limits    string
	asOf      string
	rejected  string
	complete  bool
	unknown   string
	keepRows  string
	keepCells bool
	plan      bool
	verbose   bool
	version   bool

	months    string
	source    string
	missing   string
	memory    string
	anonymous bool
	allowHTTP bool
	decoder   string

	profiles profiles

	parsed struct { // what check made of the above
		months      tlc.Range
		memory      int64 // bytes; 0: by what is read
		limits      quality.Limits
		asOf        int32
		maxRejected int64 // parts per million, negative for any
	}
}

func (o *options) standard() bool { return o.quality == "standard" }

// patterns collects --input, which may be given several times.
type patterns []string

func (p *patterns) String() string { return strings.Join(*p, ",") }

// redacted is the list as it may be shown.
func (p patterns) redacted() string {
	shown := make([]string, len(p))
	for i, pattern := range p {
		shown[i] = objstore.Redact(pattern)
	}
	return strings.Join(shown, ",")
}

// onlySample tells whether nothing but the sample is read, whose months are a choice.
func (p patterns) onlySample() bool { return len(p) == 1 && p[0] == sampleInput }

func (p *patterns) Set(s string) error {
	list := objstore.SplitPatterns(s)
	if len(list) == 0 {
		return errors.New("no pattern in it")
	}
	*p = append(*p, list...)
	return nil
}

var opts options

// The flags are the process's own, next to Beam's, as a worker started by a remote runner parses the same set.
func init() {
	flag.Var(&opts.input, "input", "")
	flag.StringVar(&opts.output, "output", defaultOutput, "")
	flag.StringVar(&opts.taxi, "taxi", "", "")
	flag.StringVar(&opts.sameMonth, "same-month", "refuse", "")
	flag.StringVar(&opts.utc, "utc", trip.UTCRefuse, "")
	flag.StringVar(&opts.quality, "quality", defaultQuality, "")
	flag.StringVar(&opts.format, "format", "parquet", "")
	flag.StringVar(&opts.limits, "limits", "", "")
	flag.StringVar(&opts.asOf, "as-of", "", "")
	flag.StringVar(&opts.rejected, "max-rejected", "", "")
	flag.BoolVar(&opts.complete, "require-complete", false, "")
	flag.StringVar(&opts.unknown, "unknown-columns", "report", "")
	flag.StringVar(&opts.keepRows, "quarantine", "", "")
	flag.BoolVar(&opts.keepCells, "quarantine-cells", false, "")
	flag.StringVar(&opts.months, "months", "", "")
	flag.StringVar(&opts.source, "source", tlc.Source, "")
	flag.StringVar(&opts.missing, "missing", "fail", "")
	flag.StringVar(&opts.memory, "max-memory", "", "")
	flag.BoolVar(&opts.anonymous, "gcs-anonymous", false, "")
	flag.BoolVar(&opts.allowHTTP, "allow-http", false, "")
	flag.StringVar(&opts.decoder, "decoder", "own", "")
	opts.profiles.flags()
	flag.BoolVar(&opts.plan, "plan", false, "")
	flag.BoolVar(&opts.verbose, "verbose", false, "")
	flag.BoolVar(&opts.version, "version", false, "")
	if err := flag.Set("runner", "direct"); err != nil { // Beam's own default is prism
		panic(err)
	}
	flag.Lookup("runner").DefValue = "direct"
}

// parse reads the arguments into opts. Its error is a fault with exit code 2, or flag.ErrHelp.
func parse(args []string) error {
	flag.CommandLine.Init("tripstats", flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard) // errors come back as values, help is ours
	flag.Usage = func() {}
	if err := flag.CommandLine.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usage("%s%s", err, suggestion(err.Error()))
	}
	*beamrunners.Runner = runners.Canonical(*beamrunners.Runner)
	return nil
}

func usage(format string, args ...any) *fault.Fault {
	return fault.New(fault.Usage, "%s; see --help", fmt.Sprintf(format, args...))
}

// suggestion names a flag close to an unknown one.
func suggestion(message string) string {
	_, name, ok := strings.Cut(message, "not defined: -")
	if !ok {
		return ""
	}
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
	best := ""
	flag.VisitAll(func(f *flag.Flag) {
		known := strings.NewReplacer("-", "", "_", "").Replace(f.Name)
		if best == "" && len(name) > 2 && (strings.HasPrefix(known, name) || strings.HasPrefix(name, known) || oneApart(known, name)) {
			best = f.Name
		}
	})
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean --%s?)", best)
}

// oneApart tells whether two words differ by one letter more, less, other, or by two swapped.
func oneApart(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i < len(a) && (a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}

var utcChoices = []string{trip.UTCRefuse, trip.UTCWall, trip.UTCConvert}

// orList lists choices for a message. The empty one is not shown: it is what a flag is when it is not given.
func orList(choices []string) string {
	shown := slices.DeleteFunc(slices.Clone(choices), func(s string) bool { return s == "" })
	return strings.Join(shown, " or ")
}

// check refuses what makes no sense, before anything is read. Its errors are faults with exit code 2.
func (o *options) check(set map[string]bool, rest []string) error {
	if len(rest) > 0 {
		return usage("found the word %q after the flags, expected none: put a pattern in quotes, as in --input='dir/**/*.parquet', so that the shell leaves it alone", rest[0])
	}
	for _, c := range []struct {
		flag, found string
		allowed     []string
	}{
		{"quality", o.quality, []string{"raw", "standard"}},
		{"unknown-columns", o.unknown, []string{"report", "fail"}},
		{"format", o.format, []string{"parquet"}},
		{"missing", o.missing, []string{"fail", "skip"}},
		{"decoder", o.decoder, []string{"own", "library"}},
		{"taxi", o.taxi, []string{"", trip.Yellow, trip.Green}},
		{"same-month", o.sameMonth, []string{"refuse", "merge"}},
		{"utc", o.utc, utcChoices},
		{"runner", *beamrunners.Runner, runners.Names()},
	} {
		if !slices.Contains(c.allowed, c.found) {
			return usage("--%s: found %q, expected %s", c.flag, c.found, orList(c.allowed))
		}
	}
	if err := o.parseRules(set); err != nil {
		return err
	}
	if err := o.checkInput(set); err != nil {
		return err
	}
	if o.output == "" {
		return usage("--output: found nothing, expected a folder")
	}
	if err := objstore.CheckOutput(o.output); err != nil {
		return usage("--output: %v", err)
	}
	return o.checkQuarantine(set)
}
