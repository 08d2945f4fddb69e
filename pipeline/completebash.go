package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const bashHead = `# Completion of tripstats for bash. Made by: tripstats completion bash

`

// bashTail works in bash 3.2 too, the version of macOS, which has no compopt. Bash splits the line at = and :, and replaces only what stands after the
// last of them.
const bashTail = `
_tripstats() {
  local IFS=$' \t\n' typed=() token joined='' i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    token=${COMP_WORDS[i]}
    if [[ $token =~ ^[=:]+$ && ${#typed[@]} -gt 0 ]]; then
      typed[${#typed[@]}-1]+=$token joined=yes
    elif [[ $joined ]]; then
      typed[${#typed[@]}-1]+=$token joined=''
    else
      typed+=("$token")
    fi
  done
  local last=$((${#typed[@]} - 1)) word command='' count=0 before='' flag=''
  local words path takes list
  for ((i = 0; i < last; i++)); do
    word=${typed[i]}
    case $word in
      -*=*) ;;
      -?*)
        _tripstats_flag "$command" "$word"
        if [[ $takes ]]; then flag=$word; ((++i < last)) && flag=''; fi ;;
      *)
        if [[ $count -eq 0 && ! $command && $_tripstats_commands == *" $word "* ]]; then
          command=$word
        else
          ((count++)); before=$word
        fi ;;
    esac
  done
  local value=${typed[last]} prefix='' names=''
  case $value in
    -*=*) [[ $flag ]] || { flag=${value%%=*}; prefix=$flag=; value=${value#*=}; } ;;
  esac
  if [[ $flag ]]; then
    _tripstats_flag "$command" "$flag"
  elif [[ $value == -* ]]; then
    _tripstats_flags "$command"
    names=yes
  else
    _tripstats_word "$command" "$count" "$before"
  fi
  if [[ $list && $value == *,* ]]; then
    prefix+=${value%,*},
    value=${value##*,}
  fi
  local kept=${COMP_WORDS[COMP_CWORD]} found
  [[ $kept =~ ^[=:]+$ ]] && kept=''
  local strip=${typed[last]%"$kept"}
  COMPREPLY=()
  for word in $words; do
    if [[ $word == "$value"* ]]; then
      found=$prefix$word
      COMPREPLY+=("${found#"$strip"}")
      if [[ $names && $word == *= ]]; then compopt -o nospace 2>/dev/null; fi
    fi
  done
  if [[ $path ]]; then
    local kind=-f
    [[ $path == folder ]] && kind=-d
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
      found=$prefix$word
      if [[ $prefix == *, && -d $word ]]; then found+=/; compopt -o nospace 2>/dev/null; fi
      COMPREPLY+=("${found#"$strip"}")
    done < <(compgen $kind -- "$value")
    # A path in quotes: bash itself completes it.
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then compopt -o default 2>/dev/null; fi
  fi
}

complete -F _tripstats tripstats
`

// bashCompletion writes the script for bash: tables made from the commands, and the function that reads them.
func bashCompletion(b *strings.Builder, commands []completed) {
	b.WriteString(bashHead)
	b.WriteString("_tripstats_commands=' " + strings.Join(commandsOf(commands), " ") + " '\n")

	b.WriteString("\n# The flags of a command.\n_tripstats_flags() {\n  words='' path='' list=''\n  case $1 in\n")
	for _, c := range commands {
		var names []string
		for _, d := range c.flags {
			names = append(names, d.dashed())
		}
		fmt.Fprintf(b, "    %s) words=%s ;;\n", shellQuoted(c.name), shellQuoted(strings.Join(names, " ")))
	}
	b.WriteString("  esac\n}\n")

	b.WriteString("\n# What may follow a flag of a command: words, paths, a list of them, or anything.\n_tripstats_flag() {\n" +
		"  words='' path='' takes='' list=''\n  local name=${2#-}\n  name=${name#-}\n  case $1:${name//_/-} in\n")
	places := map[string][]string{}
	var order []string
	for _, c := range commands {
		for _, d := range c.flags {
			if d.isSwitch() {
				continue
			}
			what := "takes=yes" + d.offers().bash()
			if places[what] == nil {
				order = append(order, what)
			}
			places[what] = append(places[what], c.name+":"+strings.ReplaceAll(d.name, "_", "-"))
		}
	}
	for _, what := range order {
		fmt.Fprintf(b, "    %s) %s ;;\n", strings.Join(places[what], "|"), what)
	}
	b.WriteString("  esac\n}\n")

	b.WriteString("\n# The word after a command and COUNT words, of which the last is BEFORE.\n_tripstats_word() {\n  words='' path='' list=''\n  case $1:$2:$3 in\n")
	fmt.Fprintf(b, "    :0:) words=%s ;;\n", shellQuoted(strings.Join(commandsOf(commands), " ")))
	for _, c := range commands {
		for i, w := range c.words {
			count, after := strconv.Itoa(i), "*"
			if w.more {
				count = "*"
			}
			if w.after != "" {
				after = w.after
			}
			fmt.Fprintf(b, "    %s:%s:%s)%s ;;\n", c.name, count, after, w.bash())
		}
	}
	b.WriteString("  esac\n}\n")
	b.WriteString(bashTail)
}

// bash is an offer as assignments.
func (o offer) bash() string {
	text := ""
	if len(o.words) > 0 {
		text += " words=" + shellQuoted(strings.Join(o.words, " "))
	}
	if o.path != "" {
		text += " path=" + o.path
	}
	if o.list {
		text += " list=yes"
	}
	return text
}

// commandsOf lists the names of commands.
func commandsOf(commands []completed) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}
