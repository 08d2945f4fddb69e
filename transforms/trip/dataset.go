package trip

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tripstats/transforms/element"
)

// placesOf are the indices of a file's columns, by the trip's column that they are.
type placesOf [NumFields][]int

// datasetOf returns the dataset of a file with these columns, the column that tells the taxi of each trip, if any, and where the file
// has the fields. If the file cannot be used, the dataset is the one that it seems to be of, if any. said is the taxi that the file's
// name says, or "".
func (o Options) datasetOf(names []string, said string) (d element.Dataset, taxi string, m placesOf, err error) {
	tells := slices.ContainsFunc(o.Telling.Columns, func(c string) bool { return hasName(names, c) })
	if d, err = decide(o.Registry, names, said, tells); err != nil {
		return d, "", m, err
	}
	if taxi, err = taxiColumn(d, o.Telling, names); err != nil {
		return d, "", m, err
	}
	if taxi != "" {
		if err := meaningsApart(o.Registry, d, names); err != nil {
			return d, "", m, err
		}
		d = withOthers(o.Registry, d)
	}
	m, err = mapColumns(d, names, o.fields())
	return d, taxi, m, err
}

// Dataset returns the dataset of a variant. If a column of the file tells the taxi of each trip, the dataset also has the columns that
// files of other taxis have in addition.
func (o Options) Dataset(variant string, told bool) (element.Dataset, bool) {
	i := slices.IndexFunc(o.Registry, func(d element.Dataset) bool { return d.Name == variant })
	if i < 0 {
		return element.Dataset{}, false
	}
	if told {
		return withOthers(o.Registry, o.Registry[i]), true
	}
	return o.Registry[i], true
}

// withOthers returns d with the columns of other taxis' trips that it does not have, neither by their names nor by their meanings.
func withOthers(registry []element.Dataset, d element.Dataset) element.Dataset {
	d.Columns = slices.Clone(d.Columns)
	for _, other := range registry {
		if other.Taxi == "" || other.Unread != "" || other.Declared {
			continue
		}
		before := d.Columns
		for _, known := range other.Columns {
			known.Adds = "" // the sums of d are its own
			if !slices.ContainsFunc(before, func(k element.Known) bool { return k.Meaning == known.Meaning || k.Is(known.Name) }) {
				d.Columns = append(d.Columns, known)
			}
		}
	}
	return d
}

// meaningsApart refuses a file of several taxis in which trips of one taxi have a meaning in another column than those of the others have.
func meaningsApart(registry []element.Dataset, d element.Dataset, names []string) error {
	for _, other := range registry {
		if other.Taxi == "" || other.Unread != "" || other.Declared {
			continue
		}
		for _, known := range other.Columns {
			if known.Meaning == "" || !slices.ContainsFunc(names, known.Is) || slices.ContainsFunc(d.Columns, func(k element.Known) bool { return k.Is(known.Name) }) {
				continue
			}
			for _, own := range d.Columns {
				if (own.Meaning == known.Meaning || own.Adds == known.Meaning) && slices.ContainsFunc(names, own.Is) {
					return fmt.Errorf("found both %s (%s) and %s (%s), which both say %s, expected one column for it; split the file by taxi", own.Name, d.Name, known.Name, other.Name, known.Meaning)
				}
			}
		}
	}
	return nil
}

// match is a dataset of which a file has a signature.
type match struct {
	dataset   element.Dataset
	signature []string
}

// decide returns the dataset of a file with these columns. A file is of a dataset if it has one of the dataset's signatures and none of
// the columns that exclude it. Where files of several taxis have the same columns, the name of the file, which says the taxi said,
// decides, unless a column tells the taxi. Datasets that the user declares go before the others. If several datasets remain, the file is
// of the one whose signature contains the signatures of all others. For example, fhvhv's files have all columns by which fhv's are
// recognised, and one more.
func decide(registry []element.Dataset, names []string, said string, tells bool) (element.Dataset, error) {
	var matches, unnamed []match
	declared := slices.ContainsFunc(registry, func(d element.Dataset) bool { return d.Declared && signatureOf(d, names) != nil })
	for _, d := range registry {
		signature := signatureOf(d, names)
		if signature == nil || declared && !d.Declared || d.Taxi == "" && hasTime(registry, names) { // a table joined with trips is not the table
			continue
		}
		if !d.Naming.Allows(d.Taxi, said) {
			unnamed = append(unnamed, match{d, signature})
			continue
		}
		for _, column := range d.Without {
			if hasName(names, column) {
				return element.Dataset{}, both(signature[0], d.Name, column, ownerOf(registry, column))
			}
		}
		matches = append(matches, match{d, signature})
	}
	matches = largest(matches)
	if len(matches) == 0 && len(unnamed) > 0 && tells { // the column tells the taxi, and all have the same columns
		matches = unnamed[:1]
	}
	switch {
	case len(matches) == 0 && len(unnamed) > 0:
		return element.Dataset{}, untold(unnamed)
	case len(matches) == 0:
		return nearest(registry, names)
	case len(matches) > 1:
		a, b := matches[0], matches[1]
		return element.Dataset{}, both(a.apartFrom(b), a.dataset.Name, b.apartFrom(a), b.dataset.Name)
	}
	d := matches[0].dataset
	if d.Unread != "" {
		return d, errors.New(d.Unread)
	}
	return d, nil
}

// untold is the error of a file whose columns do not tell its taxi.
func untold(matches []match) error {
	var taxis []string
	for _, m := range matches {
		if !slices.Contains(taxis, m.dataset.Taxi) {
			taxis = append(taxis, m.dataset.Taxi)
		}
	}
	return fmt.Errorf("found columns %s, which trips of %s taxis may have, expected the taxi in the name of the file, or columns that only one taxi has; rename the file, such as %s_2020-01",
		strings.Join(matches[0].signature, ", "), strings.Join(taxis, " and of "), taxis[0])
}

// signatureOf returns the signature of a dataset by which a file with these columns is one of it, or nil.
func signatureOf(d element.Dataset, names []string) []string {
	if slices.ContainsFunc(d.Unless, func(c string) bool { return hasName(names, c) }) {
		return nil
	}
	names = own(d, names)
	var before []string
	for _, signature := range d.Signatures {
		further := slices.ContainsFunc(before, func(c string) bool { return !hasName(signature, c) && hasName(names, c) })
		if !further && len(missing(signature, names)) == 0 {
			return signature
		}
		before = append(before, signature...)
	}
	return nil
}

// own returns names with those that others gave to columns of the dataset replaced by its own.
func own(d element.Dataset, names []string) []string {
	out := slices.Clone(names)
	for i, n := range names {
		if at := slices.IndexFunc(d.Columns, func(k element.Known) bool { return k.Is(n) }); at >= 0 {
			out[i] = d.Columns[at].Name
		}
	}
	return out
}

// missing lists the columns of a signature that a file with these columns lacks.
func missing(signature, names []string) []string {
	var lacks []string
	for _, c := range signature {
		if !hasName(names, c) {
			lacks = append(lacks, c)
		}
	}
	return lacks
}

// largest drops the matches whose signature is a true part of another's.
func largest(matches []match) []match {
	var out []match
	for _, m := range matches {
		if !slices.ContainsFunc(matches, func(o match) bool {
			return len(missing(m.signature, o.signature)) == 0 && len(missing(o.signature, m.signature)) > 0
		}) {
			out = append(out, m)
		}
	}
	return out
}

// apartFrom returns a column by which m is told from o.
func (m match) apartFrom(o match) string {
	return append(missing(m.signature, o.signature), m.signature[0])[0]
}

// both is the error of a file that has columns of two datasets.
func both(column, dataset, otherColumn, otherDataset string) error {
	return fmt.Errorf("found both %s (%s) and %s (%s), expected one: a file of one taxi and form; split it", column, dataset, otherColumn, otherDataset)
}

// ownerOf returns the name of the dataset that has a column in its signature.
func ownerOf(registry []element.Dataset, column string) string {
	for _, d := range registry {
		for _, signature := range d.Signatures {
			if hasName(signature, column) {
				return d.Name
			}
		}
	}
	return "another form"
}

// nearest returns the dataset that a file seems to be of which is of none, and what the file lacks. It is one whose pickup time
// the file has. If several taxis' files have that pickup time, it is one of them only if the file also has a column of a signature of
// this taxi's alone.
func nearest(registry []element.Dataset, names []string) (near element.Dataset, err error) {
	var looked []string
	var pickup string
	var candidates []element.Dataset
	for _, d := range registry {
		if d.Unread != "" || d.Naming != element.AnyName { // others have the same times
			continue
		}
		for _, known := range d.Find(Pickup.Meaning()) {
			looked = lookedFor(looked, known.Name, d.Name)
			if !slices.ContainsFunc(names, known.Is) {
				continue
			}
			if pickup != "" && !strings.EqualFold(pickup, known.Name) {
				return element.Dataset{}, both(pickup, candidates[0].Name, known.Name, d.Name)
			}
			pickup, candidates = known.Name, append(candidates, d)
		}
	}
	if pickup == "" {
		return near, fmt.Errorf("found columns %s, expected %s: not a TLC trip-record file this program knows; leave it out, or say with --dataset what its columns are", listing(names), strings.Join(looked, " or "))
	}
	candidates = likely(candidates, names)
	slices.SortStableFunc(candidates, func(a, b element.Dataset) int {
		return cmp.Compare(len(missing(a.Signatures[0], own(a, names))), len(missing(b.Signatures[0], own(b, names))))
	})
	taxis, lacks := map[string]bool{}, []string{}
	for _, d := range candidates {
		taxis[d.Taxi] = true
		lacks = append(lacks, listing(missing(d.Signatures[0], own(d, names))))
	}
	if len(taxis) == 1 {
		return candidates[0], fmt.Errorf("found columns %s, expected also %s; leave the file out or add what is missing", listing(names), lacks[0])
	}
	for i, d := range candidates {
		lacks[i] += " (" + d.Name + ")"
	}
	return near, fmt.Errorf("found columns %s, expected also %s; leave the file out or add what is missing", listing(names), strings.Join(lacks, ", or "))
}

// lookedFor adds a column and its dataset to a list for a message, which has each column once.
func lookedFor(list []string, column, dataset string) []string {
	for i, text := range list {
		if rest, found := strings.CutPrefix(text, column+" ("); found {
			list[i] = column + " (" + strings.TrimSuffix(rest, ")") + ", " + dataset + ")"
			return list
		}
	}
	return append(list, column+" ("+dataset+")")
}

// likely are the datasets of one taxi if the file has a column that only signatures of that taxi have; otherwise all.
func likely(datasets []element.Dataset, names []string) []element.Dataset {
	owners := map[string]bool{} // taxis with such a column
	for _, name := range names {
		owner := map[string]bool{}
		for _, d := range datasets {
			if slices.ContainsFunc(d.Signatures, func(s []string) bool { return hasName(s, name) }) {
				owner[d.Taxi] = true
			}
		}
		if len(owner) == 1 {
			maps.Copy(owners, owner)
		}
	}
	if len(owners) != 1 {
		return datasets
	}
	return slices.DeleteFunc(slices.Clone(datasets), func(d element.Dataset) bool { return !owners[d.Taxi] })
}

// hasTime tells whether a file has a column that is a time of trips in any dataset.
func hasTime(registry []element.Dataset, names []string) bool {
	return slices.ContainsFunc(registry, func(d element.Dataset) bool {
		return slices.ContainsFunc(d.Columns, func(k element.Known) bool {
			return (k.Meaning == Pickup.Meaning() || k.Meaning == Dropoff.Meaning()) && slices.ContainsFunc(names, k.Is)
		})
	})
}

func hasName(names []string, want string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return element.SameName(n, want) })
}

// mapColumns finds the fields.
func mapColumns(d element.Dataset, names []string, fields []Field) (m placesOf, err error) {
	for _, f := range fields {
		var absent []string
		for _, known := range d.Find(f.Meaning()) {
			i, err := index(names, known)
			if err != nil {
				return m, err
			}
			if i >= 0 {
				m[f] = append(m[f], i)
			} else {
				absent = append(absent, known.Name)
			}
		}
		if d.Declared && len(m[f]) > 0 && len(absent) > 0 {
			return m, fmt.Errorf("found no column %s, which is a part of %s as %s declares it, expected all parts; leave the file out, or declare its columns otherwise", listing(absent), Fields[f].Name, d.Name)
		}
	}
	return m, nil
}

// index returns where a column is among names, or -1. Twice is an error.
func index(names []string, want element.Known) (int, error) {
	found := -1
	for i, n := range names {
		if want.Name == "" || !want.Is(n) {
			continue
		}
		if found >= 0 {
			return -1, fmt.Errorf("found columns %q and %q, expected one %s; drop one of them", names[found], n, want.Name)
		}
		found = i
	}
	return found, nil
}
