package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"

	"tripstats/io/objstore"
)

// commandDef declares a command: the first argument of the program. Its help, its line in the program's help and its flags in flags.md are
// made from it.
type commandDef struct {
	name  string
	usage string // its line, or lines, in the program's help
	flags []flagDef
	help  func() string // its help text; nil if it has none
	run   func(j *job, ctx context.Context, words []string, wrong problems) error

	// takes separates words that look like flags from the arguments; nil if the command has none.
	takes func(args []string) (words, others []string)
}

// commands are the words that may be the first argument, in the order in which help shows them. It is filled by init, because commands
// refer to it.
var commands []commandDef

func init() {
	commands = []commandDef{
		{
			name: "inspect", flags: inspectFlags, help: inspectHelp, run: (*job).inspect,
			usage: "inspect FILE...                       what a file is, column by column, or with --short in one line",
		},
		{
			name: "fetch", flags: fetchFlags, help: fetchHelp, run: (*job).fetchFiles,
			usage: "fetch --months=A..B --taxi=NAME --dest=DIR    download TLC's files",
		},
		{
			name: "query", flags: queryFlags, help: queryHelp, run: (*job).ask, takes: textsIn,
			usage: "query 'SELECT ... FROM trips ...'     answer a question in SQL on stdout; nothing is published",
		},
		{
			name: "show", flags: showFlags, help: showHelp, run: (*job).show,
			usage: "show [tables|columns|rules|datasets]  what the program knows: tables and their SQL, columns, rules, files",
		},
		{
			name: "history", flags: historyFlags, help: historyHelp, run: (*job).history,
			usage: "history DIR                           the versions that an output keeps, and what changed",
		},
		{
			name: "restore", flags: restoreFlags, help: restoreHelp, run: (*job).restore,
			usage: "restore DIR --at=N                    commit an old version of an output as the latest",
		},
		{
			name: "check", flags: checkFlags, help: checkHelp, run: (*job).checkSound,
			usage: "check DIR                             whether all that an output keeps is sound",
		},
		{
			name: "export", flags: exportFlags, help: exportHelp, run: (*job).export,
			usage: "export DIR [TABLE]                    a table of an output as CSV, JSON or Arrow, or all as a workbook",
		},
		{
			name: "report", flags: reportFlags, help: reportHelp, run: (*job).drawReport,
			usage: "report DIR --to=FILE                  a page with pictures of an output's tables: one file of HTML",
		},
		{
			name: "completion", flags: []flagDef{logFlag}, help: completionHelp, run: (*job).completion,
			usage: "completion bash|fish|zsh              a script that lets the shell complete commands and flags",
		},
		{
			name: "version", flags: []flagDef{logFlag}, run: (*job).showVersion,
			usage: "version                               version and revision",
		},
		{
			name: "help", flags: []flagDef{logFlag}, run: (*job).showHelp,
			usage: "help [all|recipes|beam|COMMAND]       all flags; examples to copy; Beam's flags; a command",
		},
	}
}

func commandNames() []string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.name
	}
	return names
}

// subcommand runs a command.
func (j *job) subcommand(ctx context.Context, name string, args []string) error {
	c := commands[slices.Index(commandNames(), name)]
	var words []string
	if c.takes != nil {
		words, args = c.takes(args)
	}
	before := j.settings // only what a command may be told before its name: see flagsBefore
	j.settings = settings{verbose: before.verbose, logBeam: before.logBeam}
	more, wrong, err := j.parseCommand(name+": ", c.flags, args)
	if !j.given["log"] && before.log != "" {
		j.log = before.log
	}
	if errors.Is(err, flag.ErrHelp) {
		if c.help == nil {
			return help(j.stdout, false)
		}
		_, err := io.WriteString(j.stdout, c.help())
		return err
	}
	j.talk()
	initBeam(j.stderr)
	return c.run(j, ctx, append(words, more...), wrong)
}

// showVersion is the command version.
func (j *job) showVersion(_ context.Context, words []string, wrong problems) error {
	if len(words) > 0 {
		wrong.add("version: found the word %q after it, expected none", objstore.Redact(words[0]))
	}
	if err := wrong.err(); err != nil {
		return err
	}
	_, err := io.WriteString(j.stdout, versionLine())
	return err
}

// showHelp is the command help.
func (j *job) showHelp(_ context.Context, words []string, wrong problems) error {
	if err := wrong.err(); err != nil {
		return err
	}
	return helpOn(j.stdout, words)
}
