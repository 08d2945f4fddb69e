package publish

import (
	"cmp"
	"context"
	"encoding/hex"
	"hash"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
)

// ManifestName is the manifest's path below the output.
const ManifestName = "_manifest.json"

// ManifestSchema is the version of the manifest's form. Fields may be added under the same version.
const ManifestSchema = manifestFamily + "1"

const manifestFamily = "tripstats/manifest/"

// Critical is locked from the commit until all copies are updated. A signal handler locks it before it ends the process, so that Ctrl-C does
// not stop a run between two copies. It is global because signals go to the whole process.
var Critical sync.Mutex

// Manifest says what a run read and published. It holds no times.
type Manifest struct {
	Schema   string            `json:"schema"`
	Program  Program           `json:"program"`
	Sample   bool              `json:"sample"`  // the program's made-up sample is among the inputs
	Quality  string            `json:"quality"` // raw or standard
	Rules    *Rules            `json:"rules,omitempty"`
	Flags    map[string]string `json:"flags"`              // as given, without secrets
	Settings map[string]string `json:"settings,omitempty"` // in force, that decide results: a later run that extends the output uses them
	Sets     []Dataset         `json:"datasets,omitempty"` // that the user declared
	Rows     int64             `json:"rows"`               // of all inputs
	Inputs   []Input           `json:"inputs"`             // sorted by source
	LeftOut  []string          `json:"left_out,omitempty"`
	NoTrips  []string          `json:"no_trip_records,omitempty"` // the inputs in left_out without a time column, such as a table of zones
	Kept     *Kept             `json:"quarantine,omitempty"`
	Format   string            `json:"format,omitempty"` // in which the tables are; "" is parquet
	Outputs  []Output          `json:"outputs"`
	Commit   *Commit           `json:"commit,omitempty"` // nil in version 0, which a program without versions made
}

// Commit says which version of the output a manifest is of, and which run made it. All other fields of a manifest depend only on inputs and
// settings.
type Commit struct {
	Version int64  `json:"version"`
	Base    int64  `json:"base"`  // the version before; -1 if there was no output
	Run     string `json:"run"`   // the run's id
	Nonce   string `json:"nonce"` // random text: it tells the manifests of two attempts apart

	// Output is the id of the output: the nonce of its first version. All its versions and its Delta logs have it.
	Output string `json:"output"`

	// Versions are the versions that the output keeps, the latest first: names of folders in .tripstats/v. Other folders there are of runs
	// that did not commit, or of versions that are about to be removed.
	Versions []string `json:"versions"`
}

// Rules identifies the rules that rows were judged by.
type Rules struct {
	Digest string           `json:"digest"`
	Limits map[string]int64 `json:"limits"`          // in force, by rule
	AsOf   string           `json:"as_of,omitempty"` // last month that a file without a month in its name may have

	// What the rules changed: the mean duration of all rows, and of what the rules left.
	DurationMinutesRaw      float64 `json:"duration_minutes_raw"`
	DurationMinutesStandard float64 `json:"duration_minutes_standard"`
}

// Dataset is a dataset that a file of the user declared.
type Dataset struct {
	Name   string `json:"name"` // as in Input.Variant
	Taxi   string `json:"taxi"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Text   string `json:"text,omitempty"` // the declaration

	Zones *DatasetZones `json:"zones,omitempty"` // nil if the dataset brings none
}

// DatasetZones is the file with the zones of a dataset.
type DatasetZones struct {
	File string `json:"file"` // as the declaration names it
	Text string `json:"text"`
}

// Kept is what was put into quarantine.
type Kept struct {
	Path  string `json:"path"`
	Files int    `json:"files"`
	Rows  int64  `json:"rows"` // one for each row and rule
}

// Program is what made the output.
type Program struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of its source, where the build knew it
}

// Input is one source that was read: a file, or a folder of files that are one dataset.
type Input struct {
	Source    string              `json:"source"` // its name in tables and messages
	URI       string              `json:"uri"`
	Taxi      string              `json:"taxi"`             // of an input with several taxis the list of them
	Month     string              `json:"month,omitempty"`  // 2014-01, from the file's name
	Months    map[string][]string `json:"months,omitempty"` // of an input without one in its name: those of its trips that count, by taxi
	Bytes     int64               `json:"bytes"`
	RowGroups int                 `json:"row_groups"`
	Rows      int64               `json:"rows"`
	Counted   int64               `json:"rows_counted"`
	Others    int64               `json:"rows_of_other_taxis,omitempty"` // in the input, and as asked not among its rows
	Variant   string              `json:"variant"`
	Unknown   []string            `json:"unknown_columns,omitempty"`

	// Null are the columns of trips that tables need and the input does not have: they are null there. In a dataset some part
	// does not have them.
	Null []string `json:"null_columns,omitempty"`

	// NoCodes is how many values have no number and are null, by column of trips: see trip.NoCode.
	NoCodes map[string]int64 `json:"codes_without_number,omitempty"`

	// Unreadable is how many rows have text that is not what it should be, by rule, for rules about more than a hundredth of the rows.
	Unreadable map[string]int64 `json:"unreadable,omitempty"`

	// RefusedMonth is the month of most refused rows, if row rules refused more than a tenth of the input: the name of the
	// input may have the wrong month.
	RefusedMonth string `json:"refused_month,omitempty"`

	Parts []Part `json:"parts,omitempty"` // of a dataset, sorted by name
}

// Part is one file of a dataset that was read.
type Part struct {
	Name  string `json:"name"` // below the folder
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows"`
}

// mostRefused returns the month of most refused rows. In a dataset it looks at the part with the most refused rows in one
// month.
func mostRefused(parts []element.Admitted, tallies sourceTallies) (month int32, rows int64) {
	for _, f := range parts {
		if t := tallies.of(f.Source); t.RefusedThere > rows {
			month, rows = t.RefusedMonth, t.RefusedThere
		}
	}
	return month, rows
}

// MonthsOf returns the months of a taxi's trips, as far as they are known: the month in the input's name, or else those of the trips.
func (in Input) MonthsOf(taxi string) []string {
	if in.Month != "" {
		return []string{in.Month}
	}
	return in.Months[taxi]
}

// MuchRefused tells whether row rules refused more than a tenth of the rows.
func (in Input) MuchRefused() bool { return 10*(in.Rows-in.Counted) > in.Rows }

// Output is one published table.
type Output struct {
	Table  string `json:"table"`
	SQL    string `json:"sql,omitempty"`   // the query of a table that is made by SQL
	Path   string `json:"path"`            // below the output: the version's file, which never changes
	Plain  string `json:"plain,omitempty"` // below the output: the copy; "" if there is none
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Shown is the path to show to users: the copy if there is one, otherwise the version's file.
func (o Output) Shown() string { return cmp.Or(o.Plain, o.Path) }

func (r *result) manifest(cfg Config) *Manifest {
	m := &Manifest{Schema: ManifestSchema, Program: cfg.Program, Sample: cfg.Sample, Quality: cfg.Quality, Rules: cfg.Rules, Flags: cfg.Flags, Settings: cfg.Settings, Sets: cfg.Datasets, Inputs: []Input{}}
	tallies := sourceTallies(r.tallies)
	for _, parts := range element.Sources(wholeFiles(r.files)) {
		f := parts[0]
		in := Input{Source: f.Source, URI: objstore.Redact(f.URI), Taxi: f.Taxi, Bytes: f.Size, RowGroups: f.Units, Rows: f.Rows, Others: f.Others, Counted: tallies.of(f.Source).Counted, Variant: f.Variant, Unknown: f.Unknown, Null: f.Null}
		if f.Month != element.NoMonth {
			in.Month = tlc.FormatMonth(f.Month)
		}
		if f.Dataset != "" {
			in.asDataset(parts, tallies)
		}
		if month, rows := mostRefused(parts, tallies); in.MuchRefused() && rows > 0 {
			in.RefusedMonth = tlc.FormatMonth(month)
		}
		for _, p := range parts {
			for _, c := range tallies.of(p.Source).NoCodes {
				if in.NoCodes == nil {
					in.NoCodes = map[string]int64{}
				}
				in.NoCodes[c.Column] += c.Rows
			}
		}
		if in.Month == "" {
			in.Months = r.months[in.Source]
		}
		in.setUnreadable(parts, tallies)
		m.Inputs = append(m.Inputs, in)
		m.Rows += in.Rows
	}
	slices.SortFunc(m.Inputs, func(a, b Input) int { return strings.Compare(a.Source, b.Source) })
	if cfg.Rules != nil {
		rules := *cfg.Rules
		rules.DurationMinutesRaw = mean(r.tallies, func(t element.Tally) element.Mean { return t.Read })
		rules.DurationMinutesStandard = mean(r.tallies, func(t element.Tally) element.Mean { return t.Left })
		m.Rules = &rules
	}
	if cfg.Quarantine != nil {
		m.Kept = &Kept{Path: objstore.Hide(cfg.Quarantine.Dir), Files: len(r.kept)}
		for _, p := range r.kept {
			m.Kept.Rows += p.Rows
		}
	}
	for _, files := range element.Sources(r.leftOut) {
		m.LeftOut = append(m.LeftOut, files[0].Whole())
		if files[0].NoTrips {
			m.NoTrips = append(m.NoTrips, files[0].Whole())
		}
	}
	return m
}

// setUnreadable sets Unreadable.
func (in *Input) setUnreadable(parts []element.Admitted, tallies sourceTallies) {
	var all []element.Refused
	for _, p := range parts {
		all = addRefused(all, tallies.of(p.Source).Unreadable)
	}
	for _, u := range all {
		if 100*u.Rows <= in.Rows {
			continue
		}
		if in.Unreadable == nil {
			in.Unreadable = map[string]int64{}
		}
		in.Unreadable[u.Rule] = u.Rows
	}
}

// asDataset turns in, the input of the first file of a dataset, into the input of the whole dataset.
func (in *Input) asDataset(parts []element.Admitted, tallies sourceTallies) {
	f := parts[0]
	in.Source, in.Bytes, in.Rows, in.Others, in.RowGroups, in.Counted, in.Unknown, in.Null = f.Dataset, 0, 0, 0, 0, 0, nil, nil
	in.URI = strings.TrimSuffix(in.URI, strings.TrimPrefix(f.Source, f.Dataset))
	var variants []string
	for _, p := range parts {
		in.Bytes += p.Size
		in.Taxi = element.JoinTaxis(in.Taxi, p.Taxi)
		in.Rows += p.Rows
		in.Others += p.Others
		in.RowGroups += p.Units
		in.Counted += tallies.of(p.Source).Counted
		in.Unknown = append(in.Unknown, p.Unknown...)
		in.Null = append(in.Null, p.Null...)
		variants = append(variants, p.Variant)
		in.Parts = append(in.Parts, Part{Name: strings.TrimPrefix(p.Source, p.Dataset+"/"), Bytes: p.Size, Rows: p.Rows})
	}
	in.Unknown, in.Null, in.Variant = distinct(in.Unknown), distinct(in.Null), strings.Join(distinct(variants), ", ")
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// mean is the mean over tallies, which are sorted, as floats are added up in their order.
func mean(tallies []element.Tally, of func(element.Tally) element.Mean) float64 {
	count, sum := int64(0), 0.0
	for _, t := range tallies {
		m := of(t)
		count += m.Count
		sum += m.Mean * float64(m.Count)
	}
	if count == 0 {
		return 0
	}
	return sum / float64(count)
}

// ReadManifest reads the manifest of an output.
func ReadManifest(ctx context.Context, access objstore.Access, output string) (*Manifest, error) {
	h, err := ReadHead(ctx, access, output)
	if err == nil && h.Token == "" {
		err = fs.ErrNotExist
	}
	return h.Manifest, err
}

// summer hashes and counts what is written through it.
type summer struct {
	hash  hash.Hash
	bytes int64
}

func (s *summer) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return s.hash.Write(p)
}

// sum is the SHA-256 of what was written.
func (s *summer) sum() string { return hex.EncodeToString(s.hash.Sum(nil)) }
