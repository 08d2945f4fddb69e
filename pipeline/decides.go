package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/io/tlc"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// decides is what a flag decides of an output. Four things follow from it: which settings the manifest records, when kept results are
// still good, when a run has nothing to do, and which flags must not differ from those of an output that is extended.
type decides uint8

const (
	decidesNothing  decides = iota + 1 // where, how fast, what is shown: the same inputs give the same tables
	decidesInputs                      // which files are inputs: these count one by one
	decidesReading                     // how each file is read and judged, so what its trips add up to
	decidesTogether                    // which of the inputs count together
	decidesTables                      // which tables are made: these count by their specs
	decidesForm                        // in which form the tables are written
	decidesGuard                       // whether the run may publish, or what it writes beside the tables
)

// effective is the value of a flag that is in force, in one form for all ways to give it.
func (s *settings) effective(d flagDef) string {
	switch d.name {
	case "limits":
		if !s.standard() {
			return ""
		}
		return s.parsed.limits.String()
	case "as-of":
		if s.parsed.asOf == element.NoMonth {
			return ""
		}
		return tlc.FormatMonth(s.parsed.asOf)
	case "dataset":
		return s.digestOfDatasets()
	case "taxi": // the files of an output that is extended keep theirs
		if m := s.parsed.extended; m != nil {
			return joined(settingsOf(m)["taxi"], s.taxi)
		}
	}
	switch v := d.of(s).(type) {
	case *bool:
		if *v {
			return "true"
		}
		return "false"
	case *string:
		return *v
	}
	panic("--" + d.name + " decides results, and its value has no form") // the table is wrong
}

// inForce are the values of the flags that decide some things, by name.
func (s *settings) inForce(things ...decides) map[string]string {
	values := map[string]string{}
	for _, d := range mainFlags {
		for _, thing := range things {
			if d.decides == thing {
				values[d.name] = s.effective(d)
			}
		}
	}
	return values
}

// recorded are the settings that a manifest has, so that a later run can add to the output.
func (s *settings) recorded() map[string]string {
	return s.inForce(decidesReading, decidesTogether)
}

// readings makes digests of all that decides what a file adds up to, except its content and the tables.
type readings struct {
	base string
	asOf int32
}

// readingsOf returns the digests of a run.
func (s *settings) readingsOf(opts trip.Options, rules quality.Config) readings {
	values := s.inForce(decidesReading)
	delete(values, "as-of") // only some files depend on it
	places := ""
	if opts.Judged {
		places = rules.Limits.Digest()
	}
	return readings{asOf: rules.AsOf, base: digestOf(struct {
		Format   int
		Settings map[string]string
		Rules    string
		Places   []quality.Place
		Registry []element.Dataset
		Telling  element.Telling
	}{kept.Format, values, places, rules.Places, aggregate.WithoutZones(opts.Registry), opts.Telling})}
}

// of is the digest for a file. It has parts: of the settings, of the file's place, and the last month that its trips may have, which is
// only for a file without a month in its name.
func (r readings) of(f element.Found) string {
	return r.base[:32] + placeMark + digestOf(struct {
		Month     int32
		Taxi      string
		Constants []element.Constant
	}{f.Month, f.NameTaxi, f.Constants})[:16] + placeMark + r.lastMonth(f)
}

// ofRecorded is the digest for a file of which a digest was recorded, and whose place has not changed since.
func (r readings) ofRecorded(recorded string, f element.Found) string {
	parts := strings.Split(recorded, placeMark)
	if len(parts) != 3 {
		return ""
	}
	return r.base[:32] + placeMark + parts[1] + placeMark + r.lastMonth(f)
}

// placeMark stands between the parts of a digest.
const placeMark = "."

func (r readings) lastMonth(f element.Found) string {
	if f.Month != element.NoMonth || r.asOf == element.NoMonth {
		return ""
	}
	return tlc.FormatMonth(r.asOf)
}

// identityOf is the digest of all that decides the tables of a run. It is "" if some input cannot be known again: then it is equal to
// none.
func (s *settings) identityOf(tables []wantedTable, choices []choice) string {
	type input struct {
		Source, URI, Token, Reading string
		Without                     []string
	}
	all := struct {
		Format   int
		Version  string
		Settings map[string]string
		Tables   [][2]string
		Inputs   []input // null if there are none
	}{Format: kept.Format, Version: version, Settings: s.inForce(decidesReading, decidesTogether, decidesForm, decidesGuard)}
	for _, t := range tables {
		all.Tables = append(all.Tables, [2]string{t.name, t.digest})
	}
	order := make([]*wantedFile, len(choices))
	for i := range choices {
		order[i] = &choices[i].file
		if order[i].token == "" {
			return ""
		}
	}
	if len(order) == 0 {
		return digestOf(all)
	}
	slices.SortFunc(order, func(a, b *wantedFile) int { return strings.Compare(a.found.Source, b.found.Source) })
	// The digest is that of the JSON of all inputs together. They are encoded one by one, because there may be tens of thousands of files.
	sum := sha256.New()
	write := func(b []byte) { sum.Write(b) } //nolint:errcheck // never fails
	write(bytes.TrimSuffix(encoded(all), []byte("null}")))
	for i, f := range order {
		write([]byte{"[,"[min(i, 1)]})
		write(encoded(input{f.found.Source, f.uri, f.token, f.reading, f.without}))
	}
	write([]byte("]}"))
	return hex.EncodeToString(sum.Sum(nil))
}

// digestOf is the SHA-256 of a value as JSON.
func digestOf(v any) string {
	sum := sha256.Sum256(encoded(v))
	return hex.EncodeToString(sum[:])
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of types that have a form in JSON
	}
	return b
}

// asOf is the last month that a file without a month in its name may have: as given, or the last that any name holds.
func asOf(files []element.Found, given int32) int32 {
	last := given
	if given == element.NoMonth {
		for _, f := range files {
			last = max(last, f.Month)
		}
	}
	return last
}
