package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// The values of --existing.
const (
	protect = publish.Protect
	extend  = publish.Extend
	replace = publish.Replace
)

// wayOut ends the message of a run that cannot extend an output.
const wayOut = "or say --existing=replace and name all inputs"

// namedInput is a file that the run names, with what is needed to extend an output by it.
type namedInput struct {
	uri   string
	whole string
	taxis []string // of its trips
	month int32    // element.NoMonth if its name has none
}

// stayingInput is an input of an output that stays when the output is extended.
type stayingInput struct {
	kept.Input
	without []string // taxis of which named files replace the trips
}

// staying returns the inputs of an output that the named files do not replace. A named file replaces the input with its address. It also
// replaces inputs of its taxi and month; with merge only those that have its name.
func staying(have []kept.Input, named []namedInput, merge bool) []stayingInput {
	uris, months, wholes := map[string]bool{}, map[monthOfTaxi]bool{}, map[string]bool{}
	at := func(whole, taxi string, month int32) string { return fmt.Sprintf("%s\x00%s\x00%d", whole, taxi, month) }
	for _, f := range named {
		uris[f.uri] = true
		for _, taxi := range f.taxis {
			months[monthOfTaxi{taxi, f.month}] = f.month != element.NoMonth
			wholes[at(f.whole, taxi, f.month)] = f.month != element.NoMonth
		}
	}
	var stay []stayingInput
	for _, in := range have {
		if uris[in.URI] || len(in.Results) == 0 { // the run left this file out, so it is no input
			continue
		}
		s := stayingInput{Input: in}
		for _, r := range in.Results {
			replaced := !merge && months[monthOfTaxi{r.Taxi, in.File.Month}] || wholes[at(in.File.Whole(), r.Taxi, in.File.Month)]
			if replaced {
				s.without = append(s.without, r.Taxi)
			}
		}
		if len(s.without) < len(in.Results) {
			stay = append(stay, s)
		}
	}
	return stay
}

// renamed gives a named file the source that it has in the output, whose inputs are given by URI. If another input has the source of a new file, the new file gets a longer
// one, with folders of its path.
func renamed(f element.Found, uri string, have map[string]kept.Input, taken map[string]bool) element.Found {
	if in, there := have[uri]; there {
		f.Source, f.Dataset = in.Source, in.File.Dataset
		return f
	}
	_, rest := objstore.Scheme(uri)
	rest = strings.TrimSuffix(strings.ReplaceAll(rest, `\`, "/"), "/"+f.Source)
	for taken[f.Source] && strings.Trim(rest, "/") != "" {
		folder := path.Base(rest)
		rest = path.Dir(rest)
		if f.Source = folder + "/" + f.Source; f.Dataset != "" {
			f.Dataset = folder + "/" + f.Dataset
		}
		if rest == "." {
			break
		}
	}
	return f
}

// inputsOf returns the inputs of an output without kept results, as far as the manifest describes them.
func inputsOf(m *publish.Manifest) []kept.Input {
	var list []kept.Input
	add := func(in publish.Input, source, uri, dataset string, size int64) {
		k := kept.Input{Source: source, URI: uri, Size: size}
		k.File.Source, k.File.URI, k.File.Dataset, k.File.Size, k.File.Month, k.File.Taxi = source, uri, dataset, size, element.NoMonth, in.Taxi
		if month, ok := tlc.MonthOf(in.Month); ok {
			k.File.Month = month
		}
		for _, taxi := range element.SplitTaxis(in.Taxi) {
			k.Results = append(k.Results, kept.Result{Taxi: taxi})
		}
		list = append(list, k)
	}
	for _, in := range m.Inputs {
		if len(in.Parts) == 0 {
			add(in, in.Source, in.URI, "", in.Bytes)
			continue
		}
		for _, p := range in.Parts {
			add(in, in.Source+"/"+p.Name, in.URI+"/"+p.Name, in.Source, p.Bytes)
		}
	}
	return list
}

// withUnkept returns the inputs with kept results, and the other inputs that the manifest names. An input has no kept results if its content
// cannot be identified later, or if its results are too large.
func withUnkept(have, named []kept.Input) []kept.Input {
	known := map[string]bool{}
	for _, in := range have {
		known[in.URI], known[in.Source] = true, true
	}
	all := slices.Clone(have)
	for _, in := range named {
		if !known[in.URI] && !known[in.Source] {
			all = append(all, in)
		}
	}
	return all
}

// besidesTables returns the inputs, except files that a Delta table which the run names does not have any more. To name a table means to name
// the files that it has. Another program may have written the rows of several files into one.
func besidesTables(inputs []kept.Input, named []objstore.Object) []kept.Input {
	has, tables := map[string]bool{}, map[string]bool{}
	for _, o := range named {
		if has[objstore.Redact(o.URI)] = true; o.Table != "" {
			tables[strings.TrimSuffix(objstore.Redact(o.Table), "/")+"/"] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(inputs), func(in kept.Input) bool {
		if has[in.URI] {
			return false
		}
		for table := range tables {
			if strings.HasPrefix(in.URI, table) {
				return true
			}
		}
		return false
	})
}

// settingsOf returns the settings of an output that decide its results. If the manifest has none, it has at least the flags that were given.
func settingsOf(m *publish.Manifest) map[string]string {
	if m.Settings != nil {
		return m.Settings
	}
	all := map[string]string{}
	for _, d := range mainFlags {
		if d.decides == decidesReading || d.decides == decidesTogether {
			all[d.name] = d.def
			if given, ok := m.Flags[d.name]; ok {
				all[d.name] = given
			}
		}
	}
	if m.Rules != nil { // a file of limits may have changed since then
		var limits []string
		for _, rule := range slices.Sorted(maps.Keys(m.Rules.Limits)) {
			limits = append(limits, fmt.Sprintf("%s=%d", rule, m.Rules.Limits[rule]))
		}
		all["limits"] = strings.Join(limits, ",")
	}
	return all
}

// inheritFrom takes over the settings of the output that is extended, if there is one.
func (j *job) inheritFrom(have present) error {
	shown := objstore.Redact(j.output)
	switch m := have.Manifest; {
	case !have.known:
		return usage("--existing=extend: this program does not see the folder that the workers write to, expected gs://, s3:// or az:// as --output")
	case m == nil:
		return nil // another check reports what is there instead
	case m.Sample != j.input.readsSample():
		return fault.New(fault.Gate, "--existing=extend: the output %s and the input: found the made-up sample in one of them, expected real trips in both; nothing was published: name another folder with --output, %s", shown, wayOut)
	default:
		j.parsed.extended = m
	}
	if err := j.inherit(j.parsed.extended); err != nil {
		return err
	}
	var wrong problems
	j.checkJudged("", mainFlags, &wrong)
	return wrong.err()
}

// inherit takes the settings that were not given from the output that is extended. It refuses given settings that differ.
func (s *settings) inherit(m *publish.Manifest) error {
	have := settingsOf(m)
	var differ []string
	for _, d := range mainFlags {
		value, known := have[d.name]
		if !known || d.decides != decidesReading && d.decides != decidesTogether {
			continue
		}
		switch given := s.given[d.name]; {
		case d.name == "dataset":
			if is := s.digestOfDatasets(); is != digestOfSets(m.Sets) {
				differ = append(differ, "--dataset")
			}
		case d.decides == decidesTogether && given:
		case !given:
			v, isText := d.of(s).(*string)
			if !isText {
				panic("--" + d.name + " decides results, and is no text") // the table is wrong
			}
			if *v = value; value != "" && d.check != nil {
				if err := d.check(s); err != nil {
					return fault.New(fault.Gate, "--existing=extend: the output %s was made with --%s=%s, which this program refuses: %v; %s", objstore.Redact(s.output), d.name, value, err, wayOut)
				}
			}
		case s.effective(d) != value:
			differ = append(differ, fmt.Sprintf("--%s=%s where the output has %s", d.name, s.effective(d), orElse(value, "none")))
		}
	}
	if len(differ) > 0 {
		return fault.New(fault.Gate, "--existing=extend: found %s in %s, expected settings of the output; nothing was published: leave them out, %s", strings.Join(differ, ", "), objstore.Redact(s.output), wayOut)
	}
	return nil
}

// digestOfSets returns the digest of the declared datasets of a manifest, like digestOfDatasets.
func digestOfSets(sets []publish.Dataset) string {
	parts := make([]string, len(sets))
	for i, d := range sets {
		parts[i] = d.Taxi + " " + d.SHA256
	}
	return strings.Join(parts, ", ")
}

// joined returns a list of taxis as --taxi has it, with those of another list. "" is all taxis.
func joined(a, b string) string {
	if a == "" || b == "" {
		return ""
	}
	all := slices.Concat(strings.Split(a, ","), strings.Split(b, ","))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

// losesEarly returns what an output has and the files of a run cannot make, as far as this is known before they are opened. certain tells
// whether a file could still turn out to have it.
func losesEarly(m *publish.Manifest, files []namedInput, tables []string) (lost publish.Lost, certain bool) {
	next, certain := publish.Covers{}, true
	for _, f := range files {
		if f.month == element.NoMonth || len(f.taxis) == 0 {
			certain = false
		}
		for _, taxi := range f.taxis {
			covered := publish.Covered{Taxi: taxi, Month: f.month}
			if f.month == element.NoMonth {
				covered.Source = f.whole
			}
			next[covered] = true
		}
	}
	return publish.LostOf(m, next, tables), certain
}
