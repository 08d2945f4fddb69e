package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
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

	parsed struct { // the values above, parsed by check
		months      []tlc.Range
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

// parse reads the arguments into opts and returns the words among them, which are no flags. It collects the faults of single flags
// as problems, so that the user sees all of them at once. Its only error is flag.ErrHelp.
func parse(args []string) (words []string, wrong problems, err error) {
	flag.CommandLine.Init("tripstats", flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard) // errors come back as values, help is ours
	flag.Usage = func() {}
	words, failed, err := parseAll(flag.CommandLine, args, func(word string) bool { return slices.Contains(commandNames(), word) })
	if err != nil {
		return nil, nil, err
	}
	*beamrunners.Runner = runners.Canonical(strings.ToLower(*beamrunners.Runner))
	for _, text := range failed {
		wrong.add("%s%s", text, suggestion(text))
	}
	return words, wrong, nil
}

// undefined stands before the name of an unknown flag in the errors of package flag.
const undefined = "not defined: -"

func usage(format string, args ...any) *fault.Fault {
	return fault.New(fault.Usage, "%s; see --help", fmt.Sprintf(format, args...))
}

// problems are the faults of the flags, each with exit code 2.
type problems []*fault.Fault

func (p *problems) add(format string, args ...any) { *p = append(*p, usage(format, args...)) }

// err returns all problems as one error, or nil if there are none.
func (p problems) err() error { return fault.All(p...) }

// meant maps flags of other programs, by name without dashes, to the hint for our user.
var meant = map[string]string{
	"dryrun": "--plan says what would be read; --dry_run is a flag of Dataflow's",
	"out":    "did you mean --output?",
	"in":     "did you mean --input?",
	"month":  "did you mean --months?",
	"memory": "did you mean --max-memory?",
}

// suggestion names a flag close to an unknown one.
func suggestion(message string) string {
	_, name, ok := strings.Cut(message, undefined)
	if !ok {
		return ""
	}
	plain := strings.NewReplacer("-", "", "_", "")
	name = strings.ToLower(plain.Replace(name))
	if name == "dryrun" && *beamrunners.Runner == "dataflow" {
		return " (did you mean --dry_run?)"
	}
	if text := meant[name]; text != "" {
		return " (" + text + ")"
	}
	var all []string
	for _, f := range slices.Concat(flagHelp, moreHelp) {
		all = append(all, f.name)
	}
	flag.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) }) // Beam's flags, after our own
	for _, known := range all {
		short := plain.Replace(known)
		if len(name) > 2 && (strings.HasPrefix(short, name) || strings.HasPrefix(name, short) || oneApart(short, name)) {
			return fmt.Sprintf(" (did you mean --%s?)", known)
		}
	}
	return ""
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

// isOneOf tells whether a value is one of the choices, whatever its case, and sets it to that choice.
func isOneOf(value *string, choices []string) bool {
	for _, c := range choices {
		if strings.EqualFold(c, strings.TrimSpace(*value)) {
			*value = c
			return true
		}
	}
	return false
}

// check refuses flags that make no sense, before anything is read. It finds all faults, each with exit code 2. Words are the
// arguments that are not flags; before tells whether flags come before them. If doubt is set, some flags could not be parsed:
// check then looks at each flag alone, not at whether flags go together.
func (o *options) check(set map[string]bool, words []string, before, doubt bool) (wrong problems) {
	if len(words) > 0 {
		wrong.add("%s", unexpected(words[0], !before))
		doubt = true // flags may follow the word
	}
	for _, c := range []struct {
		flag    string
		value   *string
		choices []string
	}{
		{"quality", &o.quality, []string{"raw", "standard"}},
		{"unknown-columns", &o.unknown, []string{"report", "fail"}},
		{"format", &o.format, []string{"parquet"}},
		{"missing", &o.missing, []string{"fail", "skip"}},
		{"decoder", &o.decoder, []string{"own", "library"}},
		{"taxi", &o.taxi, append([]string{""}, tlc.Taxis()...)},
		{"same-month", &o.sameMonth, []string{"refuse", "merge"}},
		{"utc", &o.utc, utcChoices},
		{"runner", beamrunners.Runner, runners.Names()},
	} {
		if !isOneOf(c.value, c.choices) {
			wrong.add("--%s: found %q, expected %s", c.flag, *c.value, orList(c.choices))
		}
	}
	if set["dry_run"] && *beamrunners.Runner != "dataflow" && flag.Lookup("dry_run").Value.String() == "true" {
		wrong.add("--dry_run is a flag of Dataflow's, and goes with --runner=dataflow: say --plan to see what would be read")
	}
	o.parseRules(set, &wrong)
	o.checkInput(set, doubt, &wrong)
	if problem := outputProblem(o.output); problem != "" {
		wrong.add("--output: %s", problem)
	} else {
		o.checkQuarantine(set, &wrong)
	}
	return wrong
}

// outputProblem says why a folder or address cannot be written to, or returns "".
func outputProblem(output string) string {
	if output == "" {
		return "found nothing, expected a folder, gs://, s3:// or az://"
	}
	if scheme, path := objstore.Scheme(output); scheme == "" {
		if abs := absolute(path); abs == filepath.Dir(abs) {
			return "found the root of the file system, expected a folder for the output, such as ./out"
		}
	}
	if err := objstore.CheckOutput(output); err != nil {
		return err.Error()
	}
	return ""
}
