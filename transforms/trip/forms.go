package trip

import (
	"slices"

	"tripstats/transforms/element"
)

// knownForms are what the last files were recognised as. Most files have the same columns as one of them.
type knownForms struct{ last []element.Recognised } // the last one first; without their units

// mostForms is how many forms are remembered. Files of two taxis may alternate, and their columns change now and then.
const mostForms = 4

// recognise is [Recognise], always with the same options.
func (k *knownForms) recognise(d element.Described, opts Options) (element.Recognised, error) {
	at := slices.IndexFunc(k.last, func(f element.Recognised) bool { return sameForm(f, d) })
	if at < 0 {
		f, err := Recognise(d, opts)
		if err == nil {
			kept := f
			kept.UnitRows, kept.UnitBytes, kept.TextBytes, kept.Metadata = nil, nil, nil, nil
			kept.Columns = slices.Clone(kept.Columns)
			for i := range kept.Columns {
				kept.Columns[i].ChunkBytes = nil
			}
			k.last = slices.Insert(k.last[:min(len(k.last), mostForms-1)], 0, kept)
		}
		return f, err
	}
	form := k.last[at]
	copy(k.last[1:at+1], k.last[:at])
	k.last[0] = form
	f := element.Recognised{
		Described: d, Taxi: form.Taxi, Variant: form.Variant, Coordinates: form.Coordinates, Unknown: form.Unknown, Null: form.Null,
		Projection: form.Projection, TaxiColumn: form.TaxiColumn, Lacks: form.Lacks,
	}
	f.UnitBytes = f.BytesOf(f.Projection)
	return f, nil
}

// sameForm tells whether a file has all that decides how a file was recognised.
func sameForm(f element.Recognised, d element.Described) bool {
	return f.NameTaxi == d.NameTaxi && f.Skip == d.Skip && slices.EqualFunc(f.Columns, d.Columns, func(a, b element.Column) bool {
		return a.Name == b.Name && a.Type == b.Type && a.Leaf == b.Leaf && a.Found == b.Found
	})
}
