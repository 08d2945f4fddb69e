package aggregate

import (
	"slices"

	"tripstats/transforms/element"
)

// Datasets are the tables of the output, so that a run that is given one of them says what it is. A table is recognised by its
// keys and the columns that count trips, which it has whether rules were applied or not.
func Datasets() []element.Dataset {
	var all []element.Dataset
	for _, t := range Tables(true) {
		signature := []string{keyFields[0].Name, keyFields[2].Name} // the year follows from the month
		for _, k := range t.By {
			signature = append(signature, k.Name)
		}
		all = append(all, dataset(t.Name, append(signature, t.Balance()...)))
	}
	var ledger []string
	for _, f := range LedgerSchema.Fields() {
		ledger = append(ledger, f.Name)
	}
	var zones []string
	for _, c := range zoneColumns {
		zones = append(zones, c.field.Name)
	}
	return append(all, dataset(LedgerName, ledger), dataset(ZonesName, zones))
}

// WithoutZones removes the dataset of the zones table from datasets. An output without this table keeps its results under the digest of the other
// datasets. These results are still valid: the dataset of zones only changes the message about a refused file.
func WithoutZones(datasets []element.Dataset) []element.Dataset {
	return slices.DeleteFunc(slices.Clone(datasets), func(d element.Dataset) bool { return d.Name == ZonesName && d.Taxi == "" })
}

func dataset(table string, signature []string) element.Dataset {
	return element.Dataset{
		Name: table, Signatures: [][]string{slices.Clip(signature)},
		Unread: "one of this program's own tables, not trip records; give the files it was made of",
	}
}
