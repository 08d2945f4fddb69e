// Package dataset reads declarations of datasets. A declaration is a YAML file of the user. It says which columns of the user's files,
// from any city, are which columns of trips. Each error has its place in the declaration.
package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"tripstats/transforms/element"
	"tripstats/transforms/newyork"
	"tripstats/transforms/timezone"
	"tripstats/transforms/trip"
)

// Declared is a dataset with the digest of its declaration.
type Declared struct {
	Dataset   element.Dataset
	SHA256    string // the digest of the declaration
	ZonesFile string // the path of the file of zones, as it is written in the declaration; "" if there is none. See [ParseZones]
}

// Parse reads the text of a declaration. Trips of one of TLC's taxis are in New York, so their declaration cannot name another time zone
// or other zones. The error, if any, is an [Errors].
func Parse(file, text string, tlcs []string) (Declared, error) {
	r := &reader{file: file}
	var d element.Dataset
	if root := r.document(text); root != nil {
		d = r.dataset(root, tlcs)
	}
	if len(r.errors) > 0 {
		return Declared{}, r.sorted()
	}
	sum := sha256.Sum256([]byte(text))
	return Declared{d, hex.EncodeToString(sum[:]), r.zonesFile}, nil
}

// The keys of a declaration.
var (
	mainKeys = []string{"taxi", "columns", "signature", "known", "times", "zones"}
	timeKeys = []string{"zone", "stored"}
	zoneKeys = []string{"first", "last", "unknown", "file"}
)

// dataset reads the whole declaration.
func (r *reader) dataset(root *yaml.Node, tlcs []string) element.Dataset {
	keys := r.mapping(root, mainKeys)
	d := element.Dataset{Declared: true, Local: &element.Local{}}
	if n := r.required(root, keys, "taxi"); n != nil {
		d.Taxi = r.taxi(n)
	}
	d.Name = d.Taxi + " by " + path.Base(strings.ReplaceAll(r.file, `\`, "/"))
	var needed, all []string
	if n := r.required(root, keys, "columns"); n != nil {
		d.Columns, needed, all = r.columns(n)
	}
	for _, f := range []trip.Field{trip.Dropoff, trip.PickupZone, trip.DropoffZone} { // a value that the files do not have breaks no rule
		if len(d.Find(f.Meaning())) == 0 {
			d.MayLack = append(d.MayLack, element.Lack{Meaning: f.Meaning()})
		}
	}
	d.Signatures = [][]string{all}
	if n := keys["signature"].value; n != nil {
		d.Signatures[0] = r.signature(n, needed)
	}
	known := slices.Clone(d.Signatures[0]) // the columns by which a file is recognised are known too
	if n := keys["known"].value; n != nil {
		var names []string
		for _, name := range r.list(n) {
			if text, ok := r.text(name); ok {
				names = append(names, text)
			}
		}
		known = append(names, known...)
	}
	for _, name := range known {
		if !has(all, name) {
			d.Columns, all = append(d.Columns, element.Known{Name: name}), append(all, name)
		}
	}
	isTLC := slices.Contains(tlcs, d.Taxi)
	if isTLC {
		d.Local.TimeZone = newyork.TimeZone
	}
	if n := keys["times"].value; n != nil {
		r.times(n, d.Local, isTLC)
	}
	if n := keys["zones"]; n.value != nil && isTLC {
		r.add(n.key, "found zones of the taxi %s, expected none, because its zones are those of TLC's table", d.Taxi)
	} else if n.value != nil {
		r.zones(n.value, d.Local)
	}
	return d
}

// mostName is how many bytes the name of a taxi may have.
const mostName = 32

// taxi reads the name of the taxi.
func (r *reader) taxi(n *yaml.Node) string {
	name, ok := r.text(n)
	strange := func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }
	if ok && (name == "" || len(name) > mostName || strings.ContainsFunc(name, strange) || name[0] < 'a') {
		r.add(n, "found %q, expected a name such as chicago: lower-case letters, digits and _, at most %d in all, a letter first", shortened(name), mostName)
	}
	return name
}

// signature reads the columns by which files are recognised, and adds those that a trip needs.
func (r *reader) signature(n *yaml.Node, needed []string) []string {
	var names []string
	for _, item := range r.list(n) {
		name, ok := r.text(item)
		switch {
		case !ok:
		case has(names, name):
			r.add(item, "found the column %q twice, expected each once", shortened(name))
		default:
			names = append(names, name)
		}
	}
	for _, name := range needed {
		if !has(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// times reads the time zone of the times, and how they are stored.
func (r *reader) times(n *yaml.Node, local *element.Local, isTLC bool) {
	keys := r.mapping(n, timeKeys)
	if zone := keys["zone"].value; zone != nil {
		name, ok := r.text(zone)
		switch _, err := timezone.Zone(name); {
		case !ok:
		case err != nil:
			r.add(zone, "%v", err)
		case isTLC && name != newyork.TimeZone:
			r.add(zone, "found %s, expected %s, because the trips are those of a taxi of New York", name, newyork.TimeZone)
		default:
			local.TimeZone = name
		}
	}
	if stored := keys["stored"].value; stored != nil {
		text, ok := r.text(stored)
		switch local.Stored = element.Stored(text); {
		case !ok:
		case local.Stored != element.StoredWall && local.Stored != element.StoredUTC:
			r.add(stored, "found %q, expected wall (the clock of the zone) or utc", shortened(text))
		case local.Stored == element.StoredUTC && local.TimeZone == "" && keys["zone"].value == nil:
			r.add(stored, "found utc without a zone, expected zone too, such as America/Chicago, to whose clock the times are converted")
		}
	}
}

// zones reads which numbers a zone can have.
func (r *reader) zones(n *yaml.Node, local *element.Local) {
	keys := r.mapping(n, zoneKeys)
	numbers := [3]*int64{&local.First, &local.Last, &local.Unknown}
	for i, name := range zoneKeys[:len(numbers)] {
		if name != "unknown" && r.required(n, keys, name) == nil {
			return
		}
		if v := keys[name].value; v != nil {
			number, ok := r.number(v, 1, 1<<31-1)
			if !ok {
				return
			}
			*numbers[i] = number
		}
	}
	if local.Last < local.First {
		r.add(keys["last"].value, "found %d, expected %d or more, the first zone", local.Last, local.First)
	}
	local.HasZones = true
	if file := keys["file"].value; file != nil {
		r.zonesFile = r.path(file)
	}
}

// path reads the path of a file.
func (r *reader) path(n *yaml.Node) string {
	name, ok := r.text(n)
	switch {
	case ok && strings.TrimSpace(name) == "":
		r.add(n, "found nothing, expected a path, which begins at the folder of the declaration")
	case strings.Contains(name, "://"):
		r.add(n, "found %q, expected a path, which begins at the folder of the declaration, and no address", shortened(name))
	}
	return name
}

// has tells whether a name is in names. Like all names of columns, they are compared without regard to case or to spaces around them.
func has(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return element.SameName(n, name) })
}
