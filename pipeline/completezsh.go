package main

import (
	"fmt"
	"strings"
)

const zshHead = `#compdef tripstats
# Completion of tripstats for zsh. Made by: tripstats completion zsh

# Words, or paths, for a list with commas, after those that it has.
_tripstats_list() { compset -P '*,'; compadd -S '' -- "$@" }
_tripstats_paths() { compset -P '*,'; _files }

`

// zshTail finds the command among the words before the cursor, and leaves _arguments the words from there on.
const zshTail = `
_tripstats() {
  local curcontext=$curcontext state line command='' word i
  local -a names
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ $word == -* ]]; then
      word=${${word#-}#-}
      [[ -n ${_tripstats_valued[(r)${word//_/-}]} ]] && ((i++))
      continue
    fi
    names=(${_tripstats_commands%%:*})
    [[ -n ${names[(r)$word]} ]] && command=$word
    break
  done
  if [[ -n $command ]]; then
    shift $((i - 1)) words
    ((CURRENT -= i - 1))
  fi
  case $command in
`

const zshEnd = `  esac
  if [[ $state == command ]]; then
    _describe -t commands command _tripstats_commands
  fi
}

if [[ $funcstack[1] == _tripstats ]]; then
  _tripstats "$@"
else
  compdef _tripstats tripstats
fi
`

// zshCompletion writes the script for zsh: the arguments of _arguments for each command.
func zshCompletion(b *strings.Builder, commands []completed) {
	b.WriteString(zshHead)
	b.WriteString("typeset -ga _tripstats_commands _tripstats_valued\n_tripstats_commands=(\n")
	for _, c := range commands {
		if c.name != "" {
			fmt.Fprintf(b, "  %s\n", shellQuoted(c.name+":"+strings.ReplaceAll(c.text, ":", `\:`)))
		}
	}
	fmt.Fprintf(b, ")\n_tripstats_valued=(%s)\n", valuedFlags(commands))
	b.WriteString(zshTail)
	for _, c := range commands {
		fmt.Fprintf(b, "  %s)\n    _arguments -C", shellQuoted(c.name))
		if c.name == "" {
			b.WriteString(" \\\n      '1: :->command'")
		}
		for i, w := range c.words {
			place := fmt.Sprint(i + 1)
			if w.more {
				place = "*"
			}
			action := w.zsh()
			if w.after != "" {
				action = fmt.Sprintf(`{ [[ $words[%d] == %s ]] && compadd -- %s }`, i+1, w.after, strings.Join(w.words, " "))
			}
			fmt.Fprintf(b, " \\\n      %s", shellQuoted(place+":"+c.name+":"+action))
		}
		escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
		for _, d := range c.flags {
			if d.isSwitch() {
				fmt.Fprintf(b, " \\\n      %s", shellQuoted(d.dashed()+"["+escape.Replace(d.inBrief())+"]"))
				continue
			}
			fmt.Fprintf(b, " \\\n      %s", shellQuoted(d.dashed()+"["+escape.Replace(d.inBrief())+"]:"+escape.Replace(d.name)+":"+d.offers().zsh()))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString(zshEnd)
}

// zsh is an offer as an action of _arguments.
func (o offer) zsh() string {
	words := strings.Join(o.words, " ")
	switch {
	case words != "" && o.path != "":
		return "{ _tripstats_list " + words + "; _tripstats_paths }"
	case words != "" && o.list:
		return " _tripstats_list " + words
	case words != "":
		return "(" + words + ")"
	case o.path == aFolder:
		return "_files -/"
	case o.path == aFile && o.list:
		return " _tripstats_paths"
	case o.path == aFile:
		return "_files"
	}
	return " "
}
