package main

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/runners"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

const (
	defaultOutput  = "./out"
	defaultQuality = "standard"
	sampleInput    = "sample"
)

// settings are the flags of one run, whatever its command. Workers get what they need of them in the exported fields of DoFns.
type settings struct {
	input     patterns
	output    string
	runner    string
	taxi      string
	sameMonth string
	utc       string
	dates     string
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
	log       string
	logBeam   bool
	version   bool
	detach    bool
	existing  string
	reuse     bool
	maxBytes  string

	months    string
	source    string
	missing   string
	memory    string
	anonymous bool
	allowHTTP bool
	decoder   string

	profiles profiles

	tableList string // --tables
	maxGroups int

	datasetList string // --dataset

	// Of query.
	as   string
	file string // of SQL

	// Of the commands on outputs.
	at, to            string
	askInputs, repair bool
	keepVersions      int

	// Of fetch and of inspect.
	urls, dest  string
	perHost     int
	json, short bool

	beam  runners.Flags
	flags *flag.FlagSet   // those above, and Beam's
	given map[string]bool // the flags that the user has given, by name

	parsed struct { // the values above, parsed by the checks of their flags
		months      map[string][]tlc.Range // by taxi
		memory      int64                  // bytes; 0: by what is read
		maxBytes    int64                  // that a run may read; negative for any
		extended    *publish.Manifest      // of the output that the run adds to; nil if there is none
		datasets    []declaredDataset
		limits      quality.Limits
		asOf        int32
		maxRejected int64 // parts per million, negative for any
		at          int64 // version of an output, or latest
	}
}

func (s *settings) standard() bool { return s.quality == "standard" }

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

// flagDef declares a flag. The flag itself, its help, its line in flags.md and its parameter of Dataflow's template are made from it.
type flagDef struct {
	name    string
	value   string                  // what help shows for its value; choices show themselves
	of      func(s *settings) any   // where its value goes: *string, *bool, *int or flag.Value
	def     string                  // what it is if it is not given
	choices []string                // what it may be; "" is not shown
	list    bool                    // it may be several of the choices, comma-separated; help shows a value
	check   func(s *settings) error // what is wrong with its value, or several; nil if any is good
	judged  bool                    // it is about rules, and goes with --quality=standard
	decides decides                 // what it decides of the output; a flag of the main job must say it
	rare    bool                    // only help all tells of it
	text    string                  // what help says of it
	label   string                  // its name in Dataflow's template; "" if it is no parameter there
	pattern string                  // what the template allows; choices and switches say it themselves
}

var utcChoices = []string{trip.UTCRefuse, trip.UTCWall, trip.UTCConvert}

var datesChoices = []string{trip.DatesAuto, string(element.MonthFirst), string(element.DayFirst)}

// datesOrder is the order of dates that the user has given.
func (s *settings) datesOrder() element.DateOrder {
	if s.dates == trip.DatesAuto || s.dates == "" {
		return element.NoOrder
	}
	return element.DateOrder(s.dates)
}

// mainFlags are the flags of the main job, in the order in which help shows them.
var mainFlags = []flagDef{
	{
		name: "input", value: "GLOBS", of: func(s *settings) any { return &s.input }, decides: decidesInputs, check: (*settings).checkInput,
		text:  "files, folders, Delta tables, globs, with commas; ** matches any folders, {a,b} either;\nwrite \\, for a comma in a path; local, gs://, s3://, az://, or https:// without globs;\nmay be given several times; sample is the made-up sample in this program",
		label: "Input files", pattern: "^(sample|(gs|s3|az|https?)://[^,]+)(,(sample|(gs|s3|az|https?)://[^,]+))*$",
	},
	{
		name: "months", value: "A..B,...", of: func(s *settings) any { return &s.months }, decides: decidesInputs, check: (*settings).checkMonths,
		text:  "instead of --input: months of the --taxi from TLC's site, or from --source, such as\n2014-01..2023-12, 2024-01.. (all since then), 2023, or a list of these",
		label: "Months", pattern: `^20[0-9]{2}-[01][0-9](\.\.(20[0-9]{2}-[01][0-9])?)?$`,
	},
	{
		name: "output", value: "DIR", of: func(s *settings) any { return &s.output }, decides: decidesNothing, def: defaultOutput, check: (*settings).checkOutput,
		text:  "folder for the tables, or gs://, s3://, az:// (default " + defaultOutput + ")",
		label: "Output folder", pattern: "^(gs|s3|az)://[^/]+(/.*)?$",
	},
	{
		name: "tables", value: "LIST", of: func(s *settings) any { return &s.tableList }, decides: decidesTables, def: standardTables,
		text:  "the tables to make, comma-separated: standard (the default), tables of the library\n(tripstats show tables), and files of SQL, which have / or .sql in their names;\nquality (not with raw) and zones are made in any case",
		label: "Tables", pattern: "^([a-z0-9_]+|(gs|s3|az|https?)://[^,]+)(,([a-z0-9_]+|(gs|s3|az|https?)://[^,]+))*$",
	},
	{
		name: "runner", value: "NAME", of: func(s *settings) any { return &s.runner }, decides: decidesNothing, def: "direct", choices: runners.Names(),
		text: "the engine that runs the pipeline (default direct); see below",
	},
	{
		name: "taxi", value: "LIST", of: func(s *settings) any { return &s.taxi }, decides: decidesTogether, choices: append([]string{""}, tlc.Taxis()...), list: true,
		text:  "read only these taxis' files and say how many were left out: " + strings.Join(tlc.Taxis(), ", ") + ",\nor a list of these, comma-separated",
		label: "Taxis",
	},
	{
		name: "quality", of: func(s *settings) any { return &s.quality }, decides: decidesReading, def: defaultQuality, choices: []string{"standard", "raw"},
		text:  "which rows count: standard (the default) applies the rules and writes a ledger of all\nrows; raw counts all rows, in the month of their pickup",
		label: "Quality mode",
	},
	{
		name: "same-month", of: func(s *settings) any { return &s.sameMonth }, decides: decidesTogether, def: "refuse", choices: []string{"refuse", "merge"},
		text: "two files of one taxi and month: an error (refuse, the default), or added up (merge)", label: "Two files of one month",
	},
	{
		name: "utc", of: func(s *settings) any { return &s.utc }, decides: decidesReading, def: trip.UTCRefuse, choices: utcChoices,
		text:  "how to read times marked as UTC or with an offset: wall takes them as New York wall\nclock, convert converts them; without it such a file is an error: TLC writes wall clock",
		label: "Times marked as UTC",
	},
	{
		name: "dates", of: func(s *settings) any { return &s.dates }, decides: decidesReading, def: trip.DatesAuto, choices: datesChoices, rare: true,
		text:  "how dates such as 3/4/2021 are read that are text: with the month first (mdy), the day first\n(dmy), or as each file's dates above 12 tell (auto, the default); if they do not, it is an error",
		label: "Order of dates in text",
	},
	{
		name: "existing", of: func(s *settings) any { return &s.existing }, decides: decidesNothing, def: protect, choices: []string{protect, extend, replace},
		text:  "months and tables that the output has and this run does not make: exit 5 (protect, the\ndefault); keep them and add what this run reads (extend); drop them (replace)",
		label: "What the output has",
	},
	{name: "plan", of: func(s *settings) any { return &s.plan }, decides: decidesNothing, text: "show what would be read, what the run would do with each file, and how tables in SQL\nare made, and stop; this reads only footers, and dates that are text"},
	{name: "verbose", of: func(s *settings) any { return &s.verbose }, decides: decidesNothing, text: "show a line for each file, with its rows, the rows refused and the seconds;\nname all missing months; show full errors"},
	logFlag, logBeamFlag,
	{name: "version", of: func(s *settings) any { return &s.version }, decides: decidesNothing, text: "print the version, like the command version"},
	datasetFlag,
	{
		name: "limits", value: "RULE=N,...|@FILE", of: func(s *settings) any { return &s.limits }, decides: decidesReading, check: (*settings).checkLimits, judged: true, rare: true,
		text:  "change limits of rules, in the rule's unit, such as duration_over=240; @FILE reads the\nlist from a file",
		label: "Other limits for rules", pattern: "^[a-z0-9_]+=[0-9.]+(,[a-z0-9_]+=[0-9.]+)*$",
	},
	{
		name: "as-of", value: "MONTH", of: func(s *settings) any { return &s.asOf }, decides: decidesReading, check: (*settings).checkAsOf, judged: true, rare: true,
		text:  "last month that a file without a month in its name may have (default: the last\nmonth in any name)",
		label: "Last month", pattern: "^20[0-9]{2}-[01][0-9]$",
	},
	{
		name: "max-rejected", value: "SHARE", of: func(s *settings) any { return &s.rejected }, decides: decidesGuard, check: (*settings).checkRejected, judged: true, rare: true,
		text:  "exit 5 if row rules refuse a larger share of a file than this: 1% or 0.01",
		label: "Most rows refused", pattern: "^[0-9.]+%?$",
	},
	{
		name: "quarantine", value: "DIR", of: func(s *settings) any { return &s.keepRows }, decides: decidesGuard, check: (*settings).checkQuarantine, judged: true, rare: true,
		text: "write the rows that row rules refuse to this folder, as parquet, with their rule",
	},
	{
		name: "quarantine-cells", of: func(s *settings) any { return &s.keepCells }, decides: decidesGuard, judged: true, rare: true,
		text: "with --quarantine: also write the rows of which a cell rule leaves a value out",
	},
	{
		name: "require-complete", of: func(s *settings) any { return &s.complete }, decides: decidesGuard, rare: true,
		text: "exit 4 if a month is missing between the first and the last month of a taxi, or its files have no rows", label: "Require all months",
	},
	{
		name: "unknown-columns", of: func(s *settings) any { return &s.unknown }, decides: decidesGuard, def: "report", choices: []string{"report", "fail"}, rare: true,
		text: "unknown columns in files: named in a note (report, the default), or an error (fail)", label: "Unknown columns",
	},
	{
		name: "source", value: "BASE", of: func(s *settings) any { return &s.source }, decides: decidesInputs, def: tlc.Source, check: (*settings).checkSource, rare: true,
		text: "where --months are: web address, bucket or folder; {year} stands for the year", label: "Source of months", pattern: "^(gs|s3|az|https?)://.+$",
	},
	{
		name: "missing", of: func(s *settings) any { return &s.missing }, decides: decidesInputs, def: "fail", choices: []string{"fail", "skip"}, rare: true,
		text: "months that are not there: exit 4 (fail, the default), or leave them out (skip)", label: "Missing months",
	},
	{
		name: "max-memory", value: "SIZE", of: func(s *settings) any { return &s.memory }, decides: decidesNothing, check: (*settings).checkMemory, rare: true,
		text:  "memory goal of the process; default: 160MiB on 1 to 3 cores, up to 300MiB on 16 or more\n(remote input: 256MiB to 312MiB), and 8MiB more for each table made by SQL, but at most half\nof a container's limit; GOMEMLIMIT takes precedence",
		label: "Memory of a worker process", pattern: "^[0-9.]+ ?([KMG]iB|[kMG]B)?$",
	},
	{
		name: "max-groups", value: "N", of: func(s *settings) any { return &s.maxGroups }, decides: decidesNothing, def: defaultMaxGroups, check: (*settings).checkMaxGroups, rare: true,
		text:  "most groups of a table made by SQL that are held in memory at once (default " + defaultMaxGroups + ")",
		label: "Most groups in memory", pattern: "^[0-9]+$",
	},
	{
		name: "gcs-anonymous", of: func(s *settings) any { return &s.anonymous }, decides: decidesNothing, rare: true,
		text: "read gs:// without credentials; without this flag credentials are needed", label: "Read gs:// without credentials",
	},
	{name: "allow-http", of: func(s *settings) any { return &s.allowHTTP }, decides: decidesNothing, rare: true, text: "also read http:// addresses of other hosts, which are not encrypted", label: "Allow http"},
	{
		name: "reuse", value: "false", of: func(s *settings) any { return &s.reuse }, decides: decidesNothing, def: "true", rare: true,
		text: "read all inputs, also those that have not changed since an earlier run", label: "Reuse results",
	},
	{
		name: "max-bytes", value: "SIZE", of: func(s *settings) any { return &s.maxBytes }, decides: decidesNothing, check: (*settings).checkMaxBytes, rare: true,
		text: "exit 5 before anything is read if the run would read more of its inputs than this, such as\n10GB", label: "Most bytes read", pattern: "^[0-9.]+ ?([KMG]iB|[kMG]B)?$",
	},
	{
		name: "keep-versions", value: "N", of: func(s *settings) any { return &s.keepVersions }, decides: decidesNothing, def: defaultVersions, check: (*settings).checkVersions, rare: true,
		text:  "how many versions the output keeps, the new one included (default " + defaultVersions + ")",
		label: "Versions to keep", pattern: "^[0-9]+$",
	},
	{name: "json", of: func(s *settings) any { return &s.json }, decides: decidesNothing, rare: true, text: "with --plan: the plan as JSON; pipeline/records.md has the fields"},
	{name: "detach", of: func(s *settings) any { return &s.detach }, decides: decidesNothing, rare: true, text: "with a cluster as runner: submit the job, print its id and end; the job goes on"},
	{name: "format", of: func(s *settings) any { return &s.format }, decides: decidesForm, def: tableFormats[0], choices: tableFormats, rare: true, text: "format of the tables: parquet, or delta for Delta tables; an output keeps its format, and a\nnew one is parquet"},
	{
		name: "decoder", of: func(s *settings) any { return &s.decoder }, decides: decidesNothing, def: "own", choices: []string{"own", "library"}, rare: true,
		text: "what decodes pages: this program if it can (own, the default), or arrow-go (library)", label: "Decoder",
	},
	{name: "cpuprofile", value: "FILE", of: func(s *settings) any { return &s.profiles.cpu }, decides: decidesNothing, rare: true, text: "write a profile of where this process spends its time, for go tool pprof"},
	{name: "memprofile", value: "FILE", of: func(s *settings) any { return &s.profiles.memory }, decides: decidesNothing, rare: true, text: "write a profile of its heap at the end"},
	{name: "trace", value: "FILE", of: func(s *settings) any { return &s.profiles.trace }, decides: decidesNothing, rare: true, text: "write a trace of its goroutines, for go tool trace"},
}

// datasetFlag is the flag of each command that recognises files.
var datasetFlag = flagDef{
	name: "dataset", value: "FILE,...", of: func(s *settings) any { return &s.datasetList }, decides: decidesReading, rare: true,
	text:  "files of YAML that declare datasets of your own: which column is what, and in which\nunit; pipeline/datasets.md has an example",
	label: "Datasets of your own", pattern: "^(gs|s3|az|https?)://[^,]+(,(gs|s3|az|https?)://[^,]+)*$",
}

// flagSet makes the flags of a table. They set the fields of s, which get the default values first; a switch keeps its value.
func (s *settings) flagSet(defs []flagDef) *flag.FlagSet {
	flags := flag.NewFlagSet("tripstats", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors come back as values, help is ours
	flags.Usage = func() {}
	for _, d := range defs {
		switch v := d.of(s).(type) {
		case *bool:
			flags.BoolVar(v, d.name, *v || d.def == "true", "")
		case *string:
			flags.StringVar(v, d.name, d.def, "")
		case *int:
			n, err := strconv.Atoi(d.def)
			if err != nil {
				panic(err) // the table is wrong
			}
			flags.IntVar(v, d.name, n, "")
		case flag.Value:
			flags.Var(v, d.name, "")
		}
	}
	return flags
}

// parsedFrom records which flags the user has given.
func (s *settings) parsedFrom(flags *flag.FlagSet) {
	s.flags, s.given = flags, map[string]bool{}
	s.parsed.asOf, s.parsed.maxRejected, s.parsed.maxBytes, s.parsed.at = element.NoMonth, -1, -1, latest
	flags.Visit(func(f *flag.Flag) { s.given[f.Name] = true })
}

// parseCommand reads the arguments after a command, such as "fetch: ", and returns the words among them. Its only error is flag.ErrHelp.
func (s *settings) parseCommand(command string, defs []flagDef, args []string) (words []string, wrong problems, err error) {
	flags := s.flagSet(defs)
	words, failed, err := parseAll(flags, args, func(string) bool { return false })
	s.parsedFrom(flags)
	for _, text := range failed {
		wrong.add("%s%s%s", command, text, publishes[command+strings.TrimPrefix(text, "flag provided but "+undefined)])
	}
	return words, wrong, err
}

// isSwitch tells whether the flag needs no value.
func (d flagDef) isSwitch() bool {
	_, is := d.of(new(settings)).(*bool)
	return is
}

// shown is the flag with what help shows for its value. A flag of one letter is shown as people write it: -f FILE.
func (d flagDef) shown() string {
	if len(d.name) == 1 {
		return "-" + d.name + " " + d.value
	}
	value := d.value
	if value == "" {
		value = strings.Join(slices.DeleteFunc(slices.Clone(d.choices), func(c string) bool { return c == "" }), "|")
	}
	if value == "" {
		return "--" + d.name
	}
	return "--" + d.name + "=" + value
}
