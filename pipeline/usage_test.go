package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongUsageIsExit2AndSaysWhatToWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "afile"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, args string
		words      []string
	}{
		{"unknown flag", "--nonsense", []string{"-nonsense", "--help"}},
		{"unknown flag close to a known one", "--inptu=x.parquet", []string{"-inptu", "did you mean --input?"}},
		{"unknown flag that begins like a known one", "--out=x", []string{"did you mean --output?"}},
		{"underscore for dash", "--same_month=twice", []string{"--same-month", `"twice"`, "refuse or merge"}},
		{"dash for underscore", "--dry-run", []string{"--plan"}},
		{"flag without value", "--input", []string{"-input"}},
		{"what the shell makes of an unquoted glob", "--input a.parquet b.parquet c.parquet", []string{`"b.parquet"`, "quotes"}},
		{"unknown word", "frobnicate", []string{`"frobnicate"`}},
		{"unknown runner", "--input=sample --runner=flnk", []string{"--runner", `"flnk"`, "direct", "prism"}},
		{"runner of Beam's that checks only", "--input=sample --runner=vet", []string{"--runner", `"vet"`}},
		{"empty runner", "--input=sample --runner=", []string{"--runner"}},
		{"quality", "--quality=best", []string{"--quality", `"best"`, "raw"}},
		{"format", "--format=sheet", []string{"--format", `"sheet"`, "parquet"}},
		{"taxi", "--taxi=purple", []string{"--taxi", `"purple"`, "yellow", "green"}},
		{"utc", "--utc=maybe", []string{"--utc", `"maybe"`, "wall", "convert"}},
		{"same-month", "--same-month=ignore", []string{"--same-month", `"ignore"`, "refuse", "merge"}},
		{"boolean", "--plan=perhaps", []string{"-plan", "perhaps"}},
		{"output alone", "--output=out", []string{"--output", "--input"}},
		{"output empty", "--input=sample --output=", []string{"--output"}},
		{"output is a file", "--input=sample --output=afile", []string{"afile", "not a folder"}},
		{"output below a file", "--input=sample --output=afile/out", []string{"afile"}},
		{"input scheme", "--input=ftp://user:secret@host/x.parquet --output=out", []string{`"ftp"`, "ftp://host/x.parquet"}},
		{"output scheme", "--input=sample --output=ftp://host/out", []string{`"ftp"`, "ftp://host/out"}},
		{"output to the web", "--input=sample --output=https://host/out", []string{"https://host/out", "web server"}},
		{"output without bucket", "--input=sample --output=s3://", []string{"no bucket"}},
		{"months and input", "--input=sample --months=2014-01 --taxi=yellow", []string{"--input", "--months"}},
		{"months of no taxi", "--months=2014-01", []string{"--taxi"}},
		{"months that are none", "--months=2014-01..2013-01 --taxi=yellow", []string{"--months", "ends before"}},
		{"http to another host", "--input=http://192.0.2.1/x.parquet?sig=topsecret --output=out", []string{"--input", "http://192.0.2.1/x.parquet:", "--allow-http"}},
		{"password with a slash", "--input=https://someuser:top/secret@h/x.parquet --output=out", []string{"--input", "https://...:", "%2F"}},
		{"password with digits and a slash", "--input=https://someuser:12/secret@h/x.parquet --output=out", []string{"--input", "%2F"}},
		{"months over http of another host", "--months=2014-01 --taxi=yellow --source=http://192.0.2.1/x", []string{"--source", "--allow-http"}},
		{"months of a signed source", "--months=2014-01 --taxi=yellow --source=https://h/x?sig=topsecret", []string{"--source", "query", "--input"}},
		{"months of a signed container", "--months=2014-01 --taxi=yellow --source=az://c/x?sig=topsecret", []string{"--source", "query"}},
		{"months of no source", "--months=2014-01 --taxi=yellow --source=", []string{"--source", "nothing"}},
		{"months of the sample", "--months=2014-01 --taxi=yellow --source=sample://", []string{"--source", `"sample"`}},
		{"months of an unknown scheme", "--months=2014-01 --taxi=yellow --source=ftp://h/x?sig=topsecret", []string{"--source", `"ftp"`}},
		{"inspect over http", "inspect http://192.0.2.1/x.parquet?sig=topsecret", []string{"inspect", "--allow-http"}},
		{"source alone", "--source=x", []string{"--source", "--months"}},
		{"missing alone", "--missing=skip", []string{"--missing", "--months"}},
		{"memory", "--max-memory=lots", []string{"--max-memory", `"lots"`, "256MiB"}},
		{"too little memory", "--max-memory=111MiB", []string{"--max-memory", `"111MiB"`, "at least 112MiB"}},
		{"too little memory for prism", "--max-memory=143MiB --runner=prism", []string{"--max-memory", `"143MiB"`, "at least 144MiB"}},
		{"too little memory for a network", "--max-memory=143MiB --input=https://192.0.2.1/x.parquet", []string{"--max-memory", "at least 144MiB"}},
		{"too little memory for months", "--max-memory=191MiB --runner=prism --months=2014-01 --taxi=yellow", []string{"--max-memory", "at least 192MiB"}},
		{"input empty", "--input=", []string{"-input"}},
		{"input of commas", "--input=,, --output=out", []string{"-input"}},
		{"pattern that is none", "--input=[ --output=out", []string{"[", "pattern"}},
		{"limits without rules", "--input=sample --quality=raw --limits=duration_over=60", []string{"--limits", "--quality=standard", "raw applies no rule"}},
		{"month without rules", "--input=sample --quality=raw --as-of=2023-12", []string{"--as-of", "--quality=standard"}},
		{"gate without rules", "--input=sample --quality=raw --max-rejected=1%", []string{"--max-rejected", "--quality=standard"}},
		{"quarantine without rules", "--input=sample --quality=raw --quarantine=kept", []string{"--quarantine ", "--quality=standard"}},
		{"cells without rules", "--input=sample --quality=raw --quarantine-cells", []string{"--quarantine-cells ", "--quality=standard"}},
		{"limit of no rule", "--input=sample --limits=speed=60", []string{"--limits", `"speed=60"`, "duration_over"}},
		{"limits file", "--input=sample --limits=@limits.txt", []string{"--limits", "limits.txt", "no such file"}},
		{"month that is none", "--input=sample --as-of=2023-13", []string{"--as-of", `"2023-13"`, "2023-12"}},
		{"gate above all", "--input=sample --max-rejected=101%", []string{"--max-rejected", `"101%"`, "0.01"}},
		{"gate of an unset variable", "--input=sample --max-rejected=", []string{"--max-rejected", `""`}},
		{"unknown columns", "--input=sample --unknown-columns=drop", []string{"--unknown-columns", `"drop"`, "report", "fail"}},
		{"quarantine empty", "--input=sample --quarantine=", []string{"--quarantine", "nothing", "folder"}},
		{"quarantine in the output", "--input=sample --output=out --quarantine=out/kept", []string{"--quarantine", "out/kept", "output"}},
		{"quarantine is the output", "--input=sample --output=out --quarantine=./out", []string{"--quarantine", "output"}},
		{"quarantine in the default output", "--quarantine=out/kept", []string{"--quarantine", "output"}},
		{"quarantine is a file", "--input=sample --quarantine=afile", []string{"--quarantine", "afile", "not a folder"}},
		{"quarantine scheme", "--input=sample --quarantine=s3://bucket/kept", []string{"--quarantine", `"s3"`}},
		{"cells without quarantine", "--input=sample --quarantine-cells", []string{"--quarantine-cells", "--quarantine=DIR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runOnce(t, command{args: strings.Fields(c.args), dir: dir})
			r.fails(t, 2, c.words...)
			if strings.Contains(r.stderr, "secret") || strings.Contains(r.stderr, "someuser") {
				t.Errorf("a secret is shown: %s", r.stderr)
			}
		})
	}
	if got := treeOf(t, dir); len(got) != 1 {
		t.Errorf("wrong usage left files behind: %v", got)
	}
}

func TestAnUnknownRunnerIsRefusedBeforeAnythingIsRead(t *testing.T) {
	// A missing input is exit code 4, but the runner is checked first.
	tripstats(t, "--input=missing.parquet", "--output=out", "--runner=samza").fails(t, 2, "--runner")
}

func TestNothingMatchedIsExit4(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, input string
		words       []string
	}{
		{"path", "missing.parquet", []string{"missing.parquet", "no such file"}},
		{"glob", "folder/*.parquet", []string{"folder/*.parquet"}},
		{"glob below nothing", "missing/**/*.parquet", []string{"missing/**/*.parquet"}},
		{"folder", "folder", []string{"folder", "it is a folder", "**"}},
		{"one of two", "sample,missing.parquet", []string{"missing.parquet"}},
	} {
		for _, plan := range []string{"--plan=false", "--plan"} {
			t.Run(c.name+plan, func(t *testing.T) {
				runOnce(t, command{args: []string{"--input=" + c.input, "--output=out", plan}, dir: dir}).fails(t, 4, c.words...)
			})
		}
	}
	if got := treeOf(t, dir); len(got) != 0 {
		t.Errorf("files were left behind: %v", got)
	}
}

func TestHelpIsOnStdoutAndSideEffectFree(t *testing.T) {
	var texts []string
	for _, args := range []string{"--help", "-h", "help", "--input=x --help"} {
		dir := t.TempDir()
		r := runOnce(t, command{args: strings.Fields(args), dir: dir}).succeeds(t)
		if r.stderr != "" || len(treeOf(t, dir)) != 0 {
			t.Errorf("%s: wrote something besides: %q, %v", args, r.stderr, treeOf(t, dir))
		}
		texts = append(texts, r.stdout)
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("help differs by how it is asked for:\n%s\nand\n%s", text, texts[0])
		}
	}
	golden(t, "help", texts[0])
	for _, line := range strings.Split(texts[0], "\n") {
		if len(line) > 120 {
			t.Errorf("a line of help has %d characters: %s", len(line), line)
		}
	}

	all := tripstats(t, "help", "all").succeeds(t).stdout + tripstats(t, "help", "beam").succeeds(t).stdout
	for _, flag := range []string{"--input", "--output", "--utc", "--parallelism"} {
		if !strings.Contains(all, flag) {
			t.Errorf("help all and help beam do not tell of %s", flag)
		}
	}
}

func TestVersionIsOneLine(t *testing.T) {
	r := tripstats(t, "--version").succeeds(t)
	if r.stderr != "" || !strings.HasPrefix(r.stdout, "tripstats ") || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("found %q and %q", r.stdout, r.stderr)
	}
}

func TestOneDashIsAsGoodAsTwo(t *testing.T) {
	one := tripstats(t, "-input=sample", "-plan").succeeds(t)
	two := tripstats(t, "--input=sample", "--plan").succeeds(t)
	if one.stdout != two.stdout {
		t.Errorf("found\n%s\nand\n%s", one.stdout, two.stdout)
	}
}

func TestAnOutputThatCannotBeWrittenIsExit1(t *testing.T) {
	if os.Geteuid() == 0 {
		if _, err := os.Stat("/proc/self"); err != nil {
			t.Skip("root may write everywhere here")
		}
		tripstats(t, "--input=sample", "--output=/proc/out").fails(t, 1, "/proc/out", "nothing was published")
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	tripstats(t, "--input=sample", "--output="+filepath.Join(dir, "out")).fails(t, 1, "out", "nothing was published")
}
