package main

import (
	"fmt"
	"strings"
)

const fishHead = `# Completion of tripstats for fish. Made by: tripstats completion fish

`

const fishFunctions = `
# Whether a word or flag of COMMAND comes next, after COUNT words, of which the last is AFTER. The main job is the command ''.
function __tripstats_at # COMMAND [COUNT [AFTER]]
    set -l words
    set -l value
    for word in (commandline -opc)[2..-1]
        if test -n "$value"
            set value
            continue
        end
        switch $word
            case '-*=*'
            case '-?*'
                set -l name (string replace -r '^--?' '' -- $word | string replace -a _ - )
                contains -- $name $__tripstats_valued; and set value yes
            case '*'
                set -a words $word
        end
    end
    set -l command ''
    if contains -- "$words[1]" $__tripstats_commands
        set command $words[1]
        set -e words[1]
    end
    test "$command" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test (count $words) -eq "$argv[2]"; or return 1
    test (count $argv) -lt 3; or test "$words[-1]" = "$argv[3]"
end

# Words for a list with commas, after those that it has.
function __tripstats_list
    set -l before (commandline -ct | string replace -r '^--?[^=]*=' '' | string match -r '^.*,')
    printf '%s\n' "$before"$argv
end

function __tripstats_folders
    __fish_complete_directories (commandline -ct | string replace -r '^--?[^=]*=' '') ''
end

complete -c tripstats -f
`

// fishCompletion writes the script for fish: one complete for each flag and each place of a word.
func fishCompletion(b *strings.Builder, commands []completed) {
	b.WriteString(fishHead)
	fmt.Fprintf(b, "set -g __tripstats_commands %s\n", strings.Join(commandsOf(commands), " "))
	fmt.Fprintf(b, "set -g __tripstats_valued %s\n", valuedFlags(commands))
	b.WriteString(fishFunctions)
	for _, c := range commands {
		if c.name != "" {
			fmt.Fprintf(b, "complete -c tripstats -n \"__tripstats_at '' 0\" -a %s -d %s\n", c.name, fishQuoted(c.text))
		}
	}
	for _, c := range commands {
		b.WriteString("\n")
		for i, w := range c.words {
			at := fmt.Sprintf("__tripstats_at %s %d", c.name, i)
			if w.more {
				at = "__tripstats_at " + c.name
			}
			if w.after != "" {
				at += " " + w.after
			}
			fmt.Fprintf(b, "complete -c tripstats -n %s%s\n", fishQuoted(at), w.fish())
		}
		for _, d := range c.flags {
			name := "-l " + d.name
			if len(d.name) == 1 {
				name = "-s " + d.name
			}
			at := fishQuoted("__tripstats_at '" + c.name + "'")
			switch {
			case d.isSwitch() && d.value != "":
				at = fishQuoted("__tripstats_at '" + c.name + "'; and string match -q -- '-*' (commandline -ct)")
				fmt.Fprintf(b, "complete -c tripstats -n %s -a %s -d %s\n", at, d.dashed(), fishQuoted(d.inBrief()))
				continue
			case !d.isSwitch():
				name += d.offers().fish()
			}
			fmt.Fprintf(b, "complete -c tripstats -n %s %s -d %s\n", at, name, fishQuoted(d.inBrief()))
		}
	}
}

// fish is an offer as arguments of fish's complete.
func (o offer) fish() string {
	text := " -x" // no files
	if o.path == aFile {
		text = " -r -F"
	}
	if len(o.words) > 0 {
		words := strings.Join(o.words, " ")
		if o.list {
			words = "(__tripstats_list " + words + ")"
		}
		text += " -a " + fishQuoted(words)
	}
	if o.path == aFolder {
		text += " -a '(__tripstats_folders)'"
	}
	return text
}

// fishQuoted returns a text in single quotes as fish reads it, which has escapes in them.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
