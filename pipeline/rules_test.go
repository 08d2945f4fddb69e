package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
)

func TestAShareIsReadAsPartsPerMillion(t *testing.T) {
	for text, want := range map[string]int64{
		"1%": 10_000, "0.01": 10_000, "0": 0, "0%": 0, "100%": 1_000_000, " 2.5 %": 25_000, "0.0001%": 1, "1e-6": 1,
		"29%": 290_000, // 0.29 as a binary number is less than that
	} {
		if got, err := perMillion(text); err != nil || got != want {
			t.Errorf("%q: found %d, %v, expected %d", text, got, err, want)
		}
	}
	for _, text := range []string{"101%", "1", "1e-9%", "1.01", "-1", "-1%", "-0.0001", "NaN", "NaN%", "Inf", "-Inf%", "lots", "1 percent", "%", "", " ", "1%%", "0,5"} {
		if got, err := perMillion(text); err == nil {
			t.Errorf("%q: found %d, expected an error", text, got)
		}
	}
}

func TestALimitsFileIsAListWithComments(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", ""},
		"lines":           {"a=1\nb=2\n", "a=1,b=2"},
		"no last newline": {"a=1\nb=2", "a=1,b=2"},
		"comments":        {"# limits of ours\na=1 # reason\n  # more\n\tb=2", ",a=1,,b=2"},
		"of Windows":      {"a=1\r\n#x\r\nb=2\r\n", "a=1,,b=2"},
		"blank lines":     {"\n\na=1\n\n", ",,a=1,"},
	} {
		if got := withoutComments(c.text); got != c.want {
			t.Errorf("%s: found %q, expected %q", name, got, c.want)
		}
	}
}

// ruled returns the settings for flags about rules, as given on the command line.
func ruled(t *testing.T, flags map[string]string) *settings {
	t.Helper()
	s := new(settings)
	set := s.flagSet(mainFlags)
	for name, value := range flags {
		if err := set.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	s.parsedFrom(set)
	return s
}

func TestFlagsAboutRulesAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits")
	if err := os.WriteFile(path, []byte("# ours\nduration_over=240\ntip_over = 10 # for now\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const december = (2023-1970)*12 + 11
	for name, c := range map[string]struct {
		flags       map[string]string
		limits      quality.Limits
		asOf        int32
		maxRejected int64
	}{
		"none":        {nil, nil, element.NoMonth, -1},
		"limits":      {map[string]string{"limits": "duration_over=240,passengers_over=6"}, quality.Limits{"duration_over": 240, "passengers_over": 6}, element.NoMonth, -1},
		"spaces":      {map[string]string{"limits": " duration_over = 240 , "}, quality.Limits{"duration_over": 240}, element.NoMonth, -1},
		"limits file": {map[string]string{"limits": "@" + path}, quality.Limits{"duration_over": 240, "tip_over": 10}, element.NoMonth, -1},
		"no limits":   {map[string]string{"limits": ""}, nil, element.NoMonth, -1},
		"the largest": {map[string]string{"limits": "distance_over=100000000"}, quality.Limits{"distance_over": 100_000_000}, element.NoMonth, -1},
		"as of":       {map[string]string{"as-of": "2023-12"}, nil, december, -1},
		"gate":        {map[string]string{"max-rejected": "0.5%"}, nil, element.NoMonth, 5_000},
		"gate at 0":   {map[string]string{"max-rejected": "0"}, nil, element.NoMonth, 0},
		"raw":         {map[string]string{"quality": "raw"}, nil, element.NoMonth, -1},
	} {
		s := ruled(t, c.flags)
		if err := rulesErr(s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p := s.parsed; !maps.Equal(p.limits, c.limits) || p.asOf != c.asOf || p.maxRejected != c.maxRejected {
			t.Errorf("%s: found %+v, expected %+v", name, p, c)
		}
	}
}

func TestFlagsAboutRulesSayWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"twice": "tip_over=1\n# again\ntip_over=1\n", "words": "duration_over: 240\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ flag, value, words string }{
		{"limits", "duration_over_6h=1", `"duration_over_6h=1" RULE=NUMBER duration_over tip_over`},
		{"limits", "duration_zero=1", `"duration_zero=1" RULE=NUMBER`}, // a rule without a limit
		{"limits", "pickup_stray=1", `"pickup_stray=1" RULE=NUMBER`},
		{"limits", "duration_over", `"duration_over" RULE=NUMBER`},
		{"limits", "240", `"240" RULE=NUMBER`},
		{"limits", "=240", `RULE=NUMBER`},
		{"limits", "duration_over=", `"duration_over=" whole minutes`},
		{"limits", "duration_over=0", `"duration_over=0" whole minutes from 1`},
		{"limits", "duration_over=-5", `"duration_over=-5" whole minutes from 1`},
		{"limits", "amount_over=99.5", `"amount_over=99.5" whole dollars`},
		{"limits", "distance_over=100000001", `miles 100000000`},
		{"limits", "distance_over=99999999999999999999", `miles 100000000`},
		{"limits", "duration_over=1h", `"duration_over=1h" minutes`},
		{"limits", "duration_over=1,duration_over=1", `duration_over twice once`},
		{"limits", "@" + filepath.Join(dir, "twice"), `tip_over twice`},
		{"limits", "@" + filepath.Join(dir, "words"), `"duration_over: 240" RULE=NUMBER`},
		{"limits", "@" + filepath.Join(dir, "missing"), `missing no such file`},
		{"limits", "@" + dir, `directory`},
		{"as-of", "2023-13", `"2023-13" 2023-12`},
		{"as-of", "2023-00", `"2023-00"`},
		{"as-of", "2023-1", `"2023-1"`},
		{"as-of", "2023-12-31", `"2023-12-31"`},
		{"as-of", "December 2023", `"December 2023"`},
		{"as-of", "x", `"x"`},
		{"as-of", "", `""`},
		{"max-rejected", "101%", `"101%" 1% 0.01`},
		{"max-rejected", "5", `"5"`},
		{"max-rejected", "-1%", `"-1%"`},
		{"max-rejected", "NaN", `"NaN"`},
		{"max-rejected", "few", `"few"`},
		{"max-rejected", "", `""`}, // like a script's variable that is not set
	} {
		s := ruled(t, map[string]string{c.flag: c.value})
		f := fault.Find(rulesErr(s))
		if f == nil || f.Code != fault.Usage || !strings.HasPrefix(f.Message, "--"+c.flag+": ") {
			t.Errorf("--%s=%s: found %v, expected exit code 2", c.flag, c.value, f)
			continue
		}
		for _, word := range strings.Fields(c.words) {
			if !strings.Contains(f.Message, word) {
				t.Errorf("--%s=%s: found no %s in %s", c.flag, c.value, word, f.Message)
			}
		}
	}
}

func TestAnAmountOfMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"160MiB": 160 << 20, " 1 GiB": 1 << 30, "0.5GiB": 512 << 20, "200MB": 200_000_000, "67108864": 64 << 20, "1.5GB": 1_500_000_000,
		"1G": 1 << 30, "512m": 512 << 20, "1gb": 1_000_000_000, "256mib": 256 << 20, "67108864B": 64 << 20,
	} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q: found %d, %v, expected %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1GiB", "NaN", "1e300GiB", "lots", "160 Mi"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q: found %d, expected an error", text, got)
		}
	}
}

// rulesErr returns the errors of the flags about rules.
func rulesErr(s *settings) error {
	var wrong problems
	s.check(nil, false, &wrong)
	return wrong.err()
}
