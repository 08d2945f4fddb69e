package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/library"
)

// shells are the shells that completion is written for.
var shells = []struct {
	name  string
	write func(b *strings.Builder, commands []completed)
}{
	{"bash", bashCompletion},
	{"fish", fishCompletion},
	{"zsh", zshCompletion},
}

func shellNames() []string {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	return names
}

// The kinds of paths that completion offers.
const (
	aFile   = "file"
	aFolder = "folder"
)

// offer is what completion offers in one place: words, paths, or nothing.
type offer struct {
	words []string
	path  string // aFile, aFolder, or "" for no paths
	list  bool   // it is a list with commas
}

// wordOffer is an offer for a word after a command.
type wordOffer struct {
	offer
	after string // only after this word; "" after any
	more  bool   // also for all words that follow
}

// completed is a command as completion needs it. The main job has no name.
type completed struct {
	name, text string
	flags      []flagDef
	words      []wordOffer
}

// offers returns what completion offers for the value of a flag. The words that help shows for the value say whether it is a path.
func (d flagDef) offers() offer {
	o := offer{list: d.list || strings.Contains(d.value, ",") || d.value == "LIST" || d.value == "GLOBS"}
	o.words = slices.DeleteFunc(slices.Clone(d.choices), func(c string) bool { return c == "" })
	switch {
	case d.value == "GLOBS", strings.HasPrefix(d.value, "FILE"):
		o.path = aFile
	case d.value == "DIR", d.value == "BASE":
		o.path = aFolder
	case d.name == "tables":
		o.words, o.path = append([]string{standardTables}, library.Names()...), aFile
	}
	return o
}

// dashed is a flag as it is typed: -f, --plan, --runner= or --reuse=false.
func (d flagDef) dashed() string {
	switch {
	case len(d.name) == 1:
		return "-" + d.name
	case d.isSwitch() && d.value != "":
		return "--" + d.name + "=" + d.value
	case d.isSwitch():
		return "--" + d.name
	}
	return "--" + d.name + "="
}

// inBrief is the beginning of what help says of a flag: up to the first pause, in one line.
func (d flagDef) inBrief() string {
	text := strings.ReplaceAll(d.text, "\n", " ")
	for _, pause := range []string{"; ", ": ", " (", ". "} {
		text, _, _ = strings.Cut(text, pause)
	}
	return text
}

// wordOffers returns what completion offers for the words after a command.
func wordOffers(command string) []wordOffer {
	tables := offer{words: append(aggregate.StandingNames(true), library.Names()...)}
	switch command {
	case "inspect":
		return []wordOffer{{offer: offer{path: aFile}, more: true}}
	case "history", "restore", "check", "report":
		return []wordOffer{{offer: offer{path: aFolder}}}
	case "export":
		return []wordOffer{{offer: offer{path: aFolder}}, {offer: tables}}
	case "show":
		return []wordOffer{{offer: offer{words: topicNames}}, {offer: tables, after: "tables"}}
	case "help":
		return []wordOffer{{offer: offer{words: helpTopics()}}}
	case "completion":
		return []wordOffer{{offer: offer{words: shellNames()}}}
	}
	return nil
}

// completedCommands returns the main job, then the commands.
func completedCommands() []completed {
	all := []completed{{flags: mainFlags}}
	for _, c := range commands {
		_, text, _ := strings.Cut(strings.ReplaceAll(c.usage, "\n", " "), "  ")
		all = append(all, completed{c.name, strings.TrimSpace(text), c.flags, wordOffers(c.name)})
	}
	return all
}

func completionHelp() string {
	return `Usage: tripstats completion ` + strings.Join(shellNames(), "|") + `

Prints a script by which the shell completes commands, flags, their values and paths when you press the Tab key.
Beam's own flags are not among them.

bash:  echo 'source <(tripstats completion bash)' >> ~/.bashrc
zsh:   echo 'source <(tripstats completion zsh)' >> ~/.zshrc         (below the line with compinit)
fish:  tripstats completion fish > ~/.config/fish/completions/tripstats.fish

It completes the program that is called tripstats, in whichever folder it is. Open a new shell to see it.
`
}

// completion is the command of that name.
func (j *job) completion(_ context.Context, words []string, wrong problems) error {
	if err := wrong.err(); err != nil {
		return err
	}
	if len(words) != 1 || !slices.Contains(shellNames(), words[0]) {
		found := objstore.Redact(strings.Join(words, " "))
		return usage("completion: found %q, expected one of %s%s", found, strings.Join(shellNames(), ", "), didYouMean(found, shellNames()))
	}
	_, err := io.WriteString(unfiltered(j.stdout), completionFor(words[0])) // it has characters that look like the query of an address
	return err
}

// completionFor returns the script for a shell.
func completionFor(shell string) string {
	var b strings.Builder
	all := completedCommands()
	for _, s := range shells {
		if s.name == shell {
			s.write(&b, all)
		}
	}
	return b.String()
}

// valuedFlags are the names of all flags that have a value, with a space between them.
func valuedFlags(commands []completed) string {
	var names []string
	for _, c := range commands {
		for _, d := range c.flags {
			if !d.isSwitch() {
				names = append(names, strings.ReplaceAll(d.name, "_", "-"))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// shellQuoted returns a text in single quotes for bash and zsh. fishQuoted does the same for fish.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
