package main

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/dataset"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// declaredDataset is a dataset that a file of --dataset declares.
type declaredDataset struct {
	dataset.Declared
	file string // as it may be shown
	text string

	zones     []element.Zone
	zonesText string // the file that has them, or ""
}

// mostDatasets is how many files --dataset may name.
const mostDatasets = 16

// declareDatasets reads the files of --dataset. The error has a line for each thing that is wrong, at most ten.
func (j *job) declareDatasets(ctx context.Context) error {
	var wrong textErrors
	files := objstore.SplitPatterns(j.datasetList)
	switch {
	case j.given["dataset"] && len(files) == 0:
		return usage("--dataset: found nothing, expected a file of YAML")
	case len(files) > mostDatasets:
		return usage("--dataset: found %d files, expected at most %d", len(files), mostDatasets)
	}
	for _, file := range files {
		text, err := readText(ctx, j.access(), file)
		if err != nil {
			wrong.add(textFileFault("--dataset", file, err))
			continue
		}
		shown := objstore.Redact(file)
		d, err := dataset.Parse(shown, strings.TrimPrefix(text, "\ufeff"), tlc.Taxis())
		var all dataset.Errors
		switch same := j.declaredAs(d.Dataset.Taxi); {
		case errors.As(err, &all):
			for _, one := range all {
				wrong.add(fault.New(fault.Usage, "%v", one))
			}
		case err != nil:
			return err
		case same != "":
			wrong.add(usage("--dataset: %s: found the taxi %s, which %s declares too, expected each taxi once", shown, d.Dataset.Taxi, same))
		default:
			declared := declaredDataset{Declared: d, file: shown, text: strings.TrimPrefix(text, "\ufeff")}
			if d.ZonesFile != "" {
				j.readZones(ctx, file, &declared, &wrong)
			}
			j.parsed.datasets = append(j.parsed.datasets, declared)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	return j.inheritDatasets(ctx)
}

// mostZonesSize is how many bytes a file of zones may have. The manifest has its text.
const mostZonesSize = 512 << 10

// readZones reads the zones of a declared dataset. The path of their file begins at the folder of the declaration.
func (j *job) readZones(ctx context.Context, declaration string, d *declaredDataset, wrong *textErrors) {
	file := d.ZonesFile
	if !filepath.IsAbs(file) {
		file = objstore.Join(declaration[:len(declaration)-len(path.Base(filepath.ToSlash(declaration)))], file)
	}
	text, err := readAtMost(ctx, j.access(), file, mostZonesSize, "leave out zones without trips")
	if err != nil {
		wrong.add(textFileFault("--dataset: "+d.file, file, err))
		return
	}
	d.zonesText = strings.TrimPrefix(text, "\ufeff")
	d.zones, err = dataset.ParseZones(objstore.Redact(file), d.zonesText, *d.Dataset.Local)
	if all := dataset.Errors(nil); errors.As(err, &all) {
		for _, one := range all {
			wrong.add(fault.New(fault.Usage, "%v", one))
		}
	}
}

// declaredAs returns the file that declares a taxi, or "".
func (s *settings) declaredAs(taxi string) string {
	for _, d := range s.parsed.datasets {
		if d.Dataset.Taxi == taxi {
			return d.file
		}
	}
	return ""
}

// datasets are the declared ones.
func (s *settings) datasets() []element.Dataset {
	var list []element.Dataset
	for _, d := range s.parsed.datasets {
		list = append(list, d.Dataset)
	}
	return list
}

// taxiChoices are what --taxi may be: the taxis that the program knows, and those that are declared.
func (s *settings) taxiChoices(known []string) []string {
	choices := slices.Clone(known)
	for _, d := range s.datasets() {
		if !slices.Contains(choices, d.Taxi) {
			choices = append(choices, d.Taxi)
		}
	}
	return choices
}

// tripOptions are how files are understood, for tables that are made of them.
func (s *settings) tripOptions(standard bool, tables []*aggregate.Spec) trip.Options {
	options := tripOptions(s.utc, standard, tables)
	options.Registry = slices.Concat(s.datasets(), options.Registry)
	return options
}

// usedDatasets are the declared datasets as the manifest has them.
func (s *settings) usedDatasets() []publish.Dataset {
	var used []publish.Dataset
	for _, d := range s.parsed.datasets {
		set := publish.Dataset{Name: d.Dataset.Name, Taxi: d.Dataset.Taxi, File: d.file, SHA256: d.SHA256, Text: d.text}
		if d.ZonesFile != "" {
			set.Zones = &publish.DatasetZones{File: d.ZonesFile, Text: d.zonesText}
		}
		used = append(used, set)
	}
	return used
}

// zones are the zones of all places.
func (s *settings) zones() aggregate.Zones {
	zones := aggregate.Zones{TLC: tlc.Taxis()}
	for _, d := range s.parsed.datasets {
		if !slices.Contains(zones.TLC, d.Dataset.Taxi) {
			zones.Own = append(zones.Own, aggregate.OwnZones{Taxi: d.Dataset.Taxi, Zones: d.zones})
		}
	}
	return zones
}

// digestOfDatasets tells in the metadata of tables which declarations they were made by.
func (s *settings) digestOfDatasets() string {
	parts := make([]string, len(s.parsed.datasets))
	for i, d := range s.parsed.datasets {
		parts[i] = d.Dataset.Taxi + " " + d.SHA256
	}
	return strings.Join(parts, ", ")
}

// zoneNames are the columns of trips that are made of TLC's table of zones.
var zoneNames = []string{"pickup_zone", "pickup_borough", "pickup_service_zone", "dropoff_zone", "dropoff_borough", "dropoff_service_zone"}

// checkZoneNames refuses names of TLC's zones where a declared dataset has zones of its own: numbers of theirs would get TLC's names.
func (s *settings) checkZoneNames(queries []*query.Query) error {
	own := slices.IndexFunc(s.datasets(), func(d element.Dataset) bool {
		return !slices.Contains(tlc.Taxis(), d.Taxi) && len(d.Find(trip.PickupZone.Meaning()))+len(d.Find(trip.DropoffZone.Meaning())) > 0
	})
	if own < 0 {
		return nil
	}
	for _, q := range queries {
		for _, name := range q.ColumnNames() {
			if slices.Contains(zoneNames, name) {
				d := s.parsed.datasets[own]
				return usage("%s: found %s, a name of TLC's zones, expected pickup_location_id or dropoff_location_id, because %s declares zones of its own; ask about the taxis apart",
					orElse(q.Place, "query"), name, d.file)
			}
		}
	}
	return nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
