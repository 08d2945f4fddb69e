package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/runners"
	"tripstats/transforms/fault"
)

// parse reads the arguments of the program and returns the words among them, which are no flags. It collects the faults of single
// flags as problems, so that the user sees all of them at once. Its only error is flag.ErrHelp.
func (s *settings) parse(args []string) (words []string, wrong problems, err error) {
	flags := s.flagSet(mainFlags)
	var failed []string
	s.beam, err = runners.ParseFlags(flags, func() (err error) {
		words, failed, err = parseAll(flags, args, func(word string) bool { return slices.Contains(commandNames(), word) })
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	s.parsedFrom(flags)
	s.runner = runners.Canonical(strings.ToLower(s.runner))
	s.beam.Detach = s.beam.Detach || s.detach
	for _, text := range failed {
		wrong.add("%s%s", text, s.suggestion(text))
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

// publishes has hints for flags that a command does not have because it publishes nothing.
var publishes = map[string]string{
	"query: output": " (query publishes nothing: add > FILE for the answer, or make a table with --tables=FILE.sql)",
	"query: to":     " (add > FILE for the answer as CSV; for a workbook make a table with --tables=FILE.sql, then tripstats export DIR TABLE --to=FILE.xlsx)",
	"query: tables": " (query answers one question; tables are made without the word query)",
}

// suggestion names a flag close to an unknown one.
func (s *settings) suggestion(message string) string {
	_, name, ok := strings.Cut(message, undefined)
	if !ok {
		return ""
	}
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	plain := strings.ReplaceAll(name, "-", "")
	if plain == "dryrun" && s.runner == "dataflow" {
		return " (did you mean --dry_run?)"
	}
	if text := meant[plain]; text != "" {
		return " (" + text + ")"
	}
	var all []string
	for _, d := range mainFlags {
		all = append(all, d.name)
	}
	runners.HelpOnFlags(func(name, _ string) { all = append(all, name) })
	if known := nearest(name, all); known != "" {
		return fmt.Sprintf(" (did you mean --%s?)", known)
	}
	return ""
}

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

// areAmong tells whether a value is a list of some of the choices, each as [isOneOf] has it, and sets it to these, each once.
func areAmong(value *string, choices []string) bool {
	var list []string
	for part := range strings.SplitSeq(*value, ",") {
		if !isOneOf(&part, choices) || part == "" && *value != "" {
			return false
		}
		if !slices.Contains(list, part) {
			list = append(list, part)
		}
	}
	*value = strings.Join(list, ",")
	return true
}

// several are the errors of a flag that may be given several times.
type several []error

func (s several) Error() string { return errors.Join(s...).Error() }

// checkEach refuses values of single flags that make no sense. Choices come first, because the other checks look at what was chosen. Flags that are not given and have no default have
// nothing to check.
// command stands before the flags in messages; it is "" for the main job.
func (s *settings) checkEach(command string, defs []flagDef, wrong *problems) {
	for _, d := range defs {
		if d.name == "taxi" {
			d.choices = s.taxiChoices(d.choices)
		}
		v, _ := d.of(s).(*string)
		switch {
		case len(d.choices) == 0:
		case d.list && !areAmong(v, d.choices):
			wrong.add("%s--%s: found %q, expected %s, or a list of these such as %s", command, d.name, *v, orList(d.choices), strings.Join(d.choices[1:3], ","))
		case !d.list && !isOneOf(v, d.choices):
			wrong.add("%s--%s: found %q, expected %s", command, d.name, *v, orList(d.choices))
		}
	}
	for _, d := range defs {
		if d.check == nil || !s.given[d.name] && d.def == "" {
			continue
		}
		switch err := d.check(s).(type) {
		case nil:
		case several:
			for _, err := range err {
				wrong.add("%s--%s: %v", command, d.name, err)
			}
		default:
			wrong.add("%s--%s: %v", command, d.name, err)
		}
	}
}

// check refuses flags of the main job that make no sense, before anything is read. It adds all faults to wrong, each with exit code
// 2. If something was not understood, it does not say what only follows from that: that a flag misses another one. Words are the
// arguments that are not flags; first tells whether one of them comes before all flags.
func (s *settings) check(words []string, first bool, wrong *problems) {
	if len(words) > 0 {
		wrong.add("%s", unexpected(words[0], first))
	}
	if len(*wrong) == 0 {
		s.checkTogether(wrong)
	}
	s.checkEach("", mainFlags, wrong)
	if s.given["dry_run"] && s.runner != "dataflow" && s.beam.IsSet("dry_run") {
		wrong.add("--dry_run is a flag of Dataflow's, and goes with --runner=dataflow: say --plan to see what would be read")
	}
	if s.keepCells && s.keepRows == "" && s.standard() {
		wrong.add("--quarantine-cells does not say where to: add --quarantine=DIR")
	}
	s.checkJudged("", mainFlags, wrong)
	s.checkJSON("", wrong)
}

// checkJudged refuses flags that are about rules where no rule is applied.
func (s *settings) checkJudged(command string, defs []flagDef, wrong *problems) {
	for _, d := range defs {
		if d.judged && s.given[d.name] && s.quality == "raw" {
			wrong.add("%s--%s goes with --quality=standard: raw applies no rule", command, d.name)
		}
	}
}

// checkOutput refuses a folder or address that cannot be written to.
func checkOutput(output string) error {
	if output == "" {
		return errors.New("found nothing, expected a folder, gs://, s3:// or az://")
	}
	if scheme, path := objstore.Scheme(output); scheme == "" {
		if abs := absolute(path); abs == filepath.Dir(abs) {
			return errors.New("found the root of the file system, expected a folder for the output, such as ./out")
		}
	}
	return objstore.CheckOutput(output)
}

func (s *settings) checkOutput() error { return checkOutput(s.output) }
