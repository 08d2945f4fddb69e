package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
)

// parseAll parses all arguments: flags and words in any order. After -- all are words. It returns the words, and a text for each
// wrong flag. If the first word is a command, all that follows it is for the command and comes back unparsed. The only error
// is flag.ErrHelp.
func parseAll(flags *flag.FlagSet, given []string, command func(word string) bool) (words, failed []string, err error) {
	end := len(given)
	if i := slices.Index(given, "--"); i >= 0 {
		end = i
	}
	args := spelt(flags, given[:end])
	for {
		err := flags.Parse(args)
		rest := flags.Args()
		switch {
		case errors.Is(err, flag.ErrHelp) && len(failed) == 0:
			return nil, nil, err
		case err != nil && !errors.Is(err, flag.ErrHelp):
			failed = append(failed, err.Error())
			args = afterWrong(rest, err.Error())
			continue
		case err != nil || len(rest) == 0:
			return append(words, given[min(end+1, len(given)):]...), failed, nil
		case len(words) == 0 && command(rest[0]):
			return given[end-len(rest):], failed, nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

// spelt returns arguments with the names of flags as they are declared: - and _ in a name are the same.
func spelt(flags *flag.FlagSet, args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		name := strings.TrimLeft(arg, "-")
		if dashes := len(arg) - len(name); dashes == 1 || dashes == 2 {
			name, value, joined := strings.Cut(name, "=")
			if out[i] = arg[:dashes] + declaredName(flags, name); joined {
				out[i] += "=" + value
			}
		}
	}
	return out
}

// declaredName is the name of a flag as it is declared, or the name itself if there is no such flag.
func declaredName(flags *flag.FlagSet, name string) string {
	if flags.Lookup(name) != nil {
		return name
	}
	dashed := func(s string) string { return strings.ReplaceAll(s, "_", "-") }
	found := name
	flags.VisitAll(func(f *flag.Flag) {
		if dashed(f.Name) == dashed(name) {
			found = f.Name
		}
	})
	return found
}

// afterWrong returns the arguments after a wrong flag. The argument after an unknown flag is skipped if it may be its value.
func afterWrong(rest []string, text string) []string {
	switch {
	case len(rest) == 0:
	case strings.HasPrefix(text, "bad flag syntax"):
		return rest[1:]
	case strings.Contains(text, undefined) && !strings.HasPrefix(rest[0], "-") && !slices.Contains(commandNames(), rest[0]):
		return rest[1:]
	}
	return rest
}
