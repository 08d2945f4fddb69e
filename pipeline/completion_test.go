package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// offersOf runs a shell with its script of completion, and returns what it offers for each line, each offer as a line.
var offersOf = map[string]func(t *testing.T, dir string, lines []string) string{"bash": bashOffers, "fish": fishOffers, "zsh": zshOffers}

// TestShellsComplete completes lines in each shell that is installed. Offers are compared without what the shells do differently: whether
// the flag, the list up to the last comma or the folder of a path is repeated, and = or / at the end.
func TestShellsComplete(t *testing.T) {
	type wanted struct{ line, want string }
	table := []wanted{
		{"tripstats ", strings.Join(commandNames(), " ")},
		{"tripstats exp", "export"},
		{"tripstats --log plain exp", "export"},
		{"tripstats --log=plain exp", "export"},
		{"tripstats --run", "--runner"},
		{"tripstats --runner d", "direct dataflow"},
		{"tripstats --runner=d", "direct dataflow"},
		{"tripstats --taxi=yellow,gr", "green"},
		{"tripstats --tables=by", "by_hour"},
		{"tripstats --tables=standard,by", "by_hour"},
		{"tripstats --tables=raw", "raw_data"},
		{"tripstats --input=raw", "raw_data"},
		{"tripstats --input raw_data/gr", "raw_data/green.parquet"},
		{"tripstats --output=st", "st_ats"},
		{"tripstats --output=raw_data/", "raw_data/2023"},
		{"tripstats --output=s3://bucket/st", ""},
		{"tripstats --max-memory=", ""},
		{"tripstats fetch --per", "--per-host"},
		{"tripstats fetch --run", ""},
		{"tripstats query -f q", "q.sql"},
		{"tripstats query -f q.sql --as=a", "arrow"},
		{"tripstats query --runner=", "direct prism"},
		{"tripstats show ", strings.Join(topicNames, " ")},
		{"tripstats show tables da", "daily"},
		{"tripstats show rules da", ""},
		{"tripstats history st", "st_ats"},
		{"tripstats export st_ats tr", "trip_stats"},
		{"tripstats export --at 3 st_ats tr", "trip_stats"},
		{"tripstats inspect q.sql raw_data/gr", "raw_data/green.parquet"},
		{"tripstats completion ", strings.Join(shellNames(), " ")},
		{"tripstats help rec", "recipes"},
	}
	for _, c := range completedCommands() {
		command := strings.TrimSuffix("tripstats "+c.name, " ")
		var names []string
		for _, d := range c.flags {
			names = append(names, d.dashed())
			if choices := strings.TrimSpace(strings.Join(d.choices, " ")); choices != "" && !d.isSwitch() {
				table = append(table, wanted{command + " --" + d.name + "=", choices})
			}
		}
		table = append(table, wanted{command + " -", strings.Join(names, " ")})
	}
	dir := t.TempDir()
	for _, file := range []string{"raw_data/green.parquet", "raw_data/2023/x.parquet", "st_ats/x", "q.sql", "note"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for _, c := range table {
		lines = append(lines, c.line)
	}
	for _, shell := range shellNames() {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed (Debian's package %s): completion for it was not run", shell, shell)
			}
			if err := os.WriteFile(filepath.Join(dir, "completion."+shell), []byte(completionFor(shell)), 0o666); err != nil {
				t.Fatal(err)
			}
			printed := offersOf[shell](t, dir, lines)
			var answers []string
			for part := range strings.SplitSeq(printed, "> ") {
				answers = append(answers, part)
			}
			if len(answers) != len(table)+1 {
				t.Fatalf("found %d answers, expected %d:\n%s", len(answers)-1, len(table), printed)
			}
			for i, c := range table {
				found, want := sameInAllShells(c.line, answers[i+1]), sameInAllShells("", strings.ReplaceAll(c.want, " ", "\n"))
				if !slices.Equal(found, want) {
					t.Errorf("%s: found %q, expected %q", c.line, found, want)
				}
			}
		})
	}
}

// sameInAllShells returns what a shell offers for a line, sorted.
func sameInAllShells(line, answer string) []string {
	var offers []string
	_, value, valued := strings.Cut(line[strings.LastIndex(line, " ")+1:], "=")
	for l := range strings.Lines(answer) {
		l, _, _ = strings.Cut(strings.TrimSpace(l), "\t") // fish tells what the word means
		if i := strings.Index(l, "="); valued && strings.HasPrefix(l, "-") && i >= 0 {
			l = l[i+1:]
		}
		l = l[strings.LastIndex(l, ",")+1:]
		if l = strings.TrimRight(l, "=/"); l != "" {
			offers = append(offers, l[strings.LastIndex(l, "/")+1:])
		}
	}
	if last := value[strings.LastIndex(value, ",")+1:]; last != "" && !strings.Contains(last, "/") {
		offers = slices.DeleteFunc(offers, func(o string) bool { return !strings.HasPrefix(o, last) })
	}
	slices.Sort(offers)
	return slices.Compact(offers)
}

// output runs a shell and returns what it prints.
func output(t *testing.T, dir string, lines []string, name string, args ...string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, ".lines"), []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "LC_ALL=C", "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// bashOffers calls the function as bash does: with the words of the line, of which = and : are words too.
func bashOffers(t *testing.T, dir string, lines []string) string {
	return output(t, dir, lines, "bash", "--norc", "-c", `
source ./completion.bash
[[ $(complete -p tripstats) == *_tripstats* ]] || exit 1
compopt() { :; }
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$(sed 's/[=:]/ & /g; s/:  \/\//: \/\//' <<< "$line")"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  _tripstats
  echo '> '
  printf '%s\n' "${COMPREPLY[@]}"
done < .lines
`)
}

// fishOffers asks fish itself.
func fishOffers(t *testing.T, dir string, lines []string) string {
	return output(t, dir, lines, "fish", "--no-config", "-c", `
source ./completion.fish; or exit 1
while read -l line
    echo '> '
    complete -C "$line"
end < .lines
`)
}

// zshOffers runs an interactive zsh in a terminal. Its editor lists the choices of each line when it starts, and a function notes what is
// added to them.
func zshOffers(t *testing.T, dir string, lines []string) string {
	inside := `
PS1=
setopt no_list_beep no_beep
zstyle ':completion:*' completer _complete
typeset -ga offers
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)* ]]; then
    local -a found
    builtin compadd -O found "$@"
    offers+=($found)
  fi
  builtin compadd "$@"
}
zle-line-init() {
  local line
  while IFS= read -r line; do
    offers=() BUFFER=$line CURSOR=$#line
    zle list-choices
    { echo '> '; print -rl -- "${(@Q)offers}" } >> .offers
  done < .lines
  exit
}
zle -N zle-line-init
`
	if err := os.WriteFile(filepath.Join(dir, ".inside"), []byte(inside), 0o666); err != nil {
		t.Fatal(err)
	}
	said := output(t, dir, lines, "zsh", "-f", "-c", `
zmodload zsh/zpty
zpty child zsh -f -i
zpty -w child 'autoload -U compinit; compinit -D -u; source ./completion.zsh; source ./.inside'
while zpty -r child line; do print -r -- $line; done
`)
	offers, err := os.ReadFile(filepath.Join(dir, ".offers"))
	if err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, said))
	}
	return string(offers)
}
