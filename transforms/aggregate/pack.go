package aggregate

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
	"tripstats/transforms/sidebyside"
)

// packedForm is a result as it is kept. The result has the states of the tables that are not declared. What admission tells again, such as
// the source and its month, is not in it.
type packedForm struct {
	Result []byte // a Source, compressed
	States []packedState
}

// packedState is the state of a declared table.
type packedState struct {
	Table string
	State []byte // compressed
}

// encode returns the form as bytes: the result, and table and state of each declared table, each with its length before it. A compressed text
// has a checksum, so nothing that is damaged is decoded as a row, whose lengths are trusted.
func (f packedForm) encode() []byte {
	b := element.AppendString(nil, string(f.Result))
	for _, s := range f.States {
		b = element.AppendString(element.AppendString(b, s.Table), string(s.State))
	}
	return slices.Clip(b)
}

func decodeForm(b []byte) (f packedForm, err error) {
	cut := func() (text string) {
		if err == nil {
			text, b, err = element.CutString(b)
		}
		return text
	}
	f.Result = []byte(cut())
	for err == nil && len(b) > 0 {
		f.States = append(f.States, packedState{cut(), []byte(cut())})
	}
	return f, err
}

// Of what is kept for each file, unfinished states of a declared table may take a part of the file's bytes: reading the file costs less than
// states that are nearly as large. The rest has a bound too, because a file of nothing but faults could have a group for each row.
const (
	keptPart  = 50      // one of so many bytes
	keptBytes = 1 << 20 // of the rest, or keptPart if that is more
)

// newEncoder returns a compressor that several goroutines may use at the same time. It holds some megabytes for each of them, so its owner drops
// it when everything is packed.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(min(4, runtime.GOMAXPROCS(0))), zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
}

var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
})

func compressed(enc *zstd.Encoder, b []byte) []byte { return slices.Clip(enc.EncodeAll(b, nil)) }

// tooLarge tells whether a compressed state would take much more than most bytes. The state may be compact. It compresses only some parts of the state:
// compressing the whole state only to drop it would take most of the time of packing.
func tooLarge(enc *zstd.Encoder, state []byte, most int64) bool {
	const (
		parts, share, largest = 8, 32, 32 << 10 // a part is this share of the state, and at most largest bytes
		surely                = 2
		fewest                = 64 << 10
		more                  = 128 // bytes that a part may take in addition to its share of the whole
	)
	if len(state) < fewest || int64(len(state)) <= surely*most {
		return false
	}
	part := min(len(state)/share, largest)
	var out []byte
	size := int64(0)
	for i := range parts {
		at := (len(state) - part) / (parts - 1) * i
		out = enc.EncodeAll(state[at:at+part], out[:0])
		size += max(0, int64(len(out))-more)
	}
	return size*int64(len(state))/int64(parts*part) > surely*most
}

func decompressed(b []byte) ([]byte, error) {
	dec, err := decoder()
	if err != nil {
		return nil, err
	}
	return dec.DecodeAll(b, nil)
}

// packedTable is the packed state of a declared table. Kept is false if the state is too large to be kept.
type packedTable struct {
	kept  bool
	alone bool // see element.PackedTable
	state []byte
}

// packTable packs the state of a table of a whole source. It does nothing for a table that is not declared: pack has the states of these in one text.
func packTable(enc *zstd.Encoder, s *Source, table int, spec *Spec) (p packedTable, err error) {
	state := s.States[table].State
	if !spec.declared() || len(state) == 0 {
		return packedTable{kept: true}, nil
	}
	counts, err := group.Header(state)
	if err != nil {
		return p, spec.fails(err)
	}
	p.alone = counts.Finished
	most := s.Size / keptPart
	if !p.alone && tooLarge(enc, state, most) {
		return p, nil
	}
	plain, err := group.Plain(state)
	if err != nil {
		return p, spec.fails(err)
	}
	p.state = compressed(enc, plain)
	p.kept = p.alone || int64(len(p.state)) <= most
	return p, nil
}

// packSources packs the results of whole sources. Tables of one source are packed side by side too, because there are often only a few sources.
func packSources(enc *zstd.Encoder, sources []waitingSource, tables []*Spec, digests []string, numbers string) ([]element.Packed, error) {
	states := make([]packedTable, len(sources)*len(tables))
	err := sidebyside.Do(len(states), func(i int) (err error) {
		table := i % len(tables)
		states[i], err = packTable(enc, &sources[i/len(tables)].result, table, tables[table])
		return err
	})
	if err != nil {
		return nil, err
	}
	packed := make([]element.Packed, len(sources))
	err = sidebyside.Do(len(packed), func(i int) (err error) {
		packed[i], err = pack(enc, sources[i].result, tables, states[i*len(tables):][:len(tables)], digests, numbers)
		return err
	})
	return packed, err
}

// pack packs the result of a whole source, of whose tables packTable has packed the states.
func pack(enc *zstd.Encoder, s Source, tables []*Spec, states []packedTable, digests []string, numbers string) (element.Packed, error) {
	p := element.Packed{Source: s.Source, Taxi: s.Taxi, Rows: s.Rows}
	if s.numbers() > 0 {
		p.Numbers = numbers
	}
	rest, form := s, packedForm{}
	rest.Source, rest.Whole, rest.Taxi, rest.Month, rest.Unknown, rest.Alone = "", "", "", 0, 0, false
	rest.Read, rest.Kept, rest.Size, rest.Due, rest.Again, rest.States = false, false, 0, 0, Again{}, nil
	for i, spec := range tables {
		if !states[i].kept {
			continue
		}
		p.Tables = append(p.Tables, element.PackedTable{Name: spec.Name, Digest: digests[i], Alone: states[i].alone})
		if spec.declared() {
			form.States = append(form.States, packedState{spec.Name, states[i].state})
			continue
		}
		rest.States = append(rest.States, s.States[i])
		if err := rest.addDuration(spec); err != nil {
			return p, err
		}
	}
	b, err := element.EncodeRow(rest)
	if err != nil {
		return p, err
	}
	form.Result = compressed(enc, b)
	if int64(len(form.Result)) > max(keptBytes, s.Size/keptPart) {
		p.Tables = nil
		return p, nil
	}
	p.Bytes = form.encode()
	return p, nil
}

// addDuration sets the duration of the trips that count by the table that adds it up, if it is this one: a later run may not make the table.
func (s *Source) addDuration(spec *Spec) error {
	i := spec.durations()
	if i < 0 || s.RawDuration.Count == 0 {
		return nil
	}
	sum, err := s.total(spec, i)
	if err == nil {
		s.Duration = sum
	}
	return err
}

// unpack returns the result of a kept source, with the states of the tables that it may be used for.
func unpack(p element.Packed, tables []*Spec, digests []string) (s Source, err error) {
	defer func() {
		if r := recover(); r != nil { // reading rows trusts lengths
			err = fmt.Errorf("found bytes that cannot be read (%v), expected a result", r)
		}
	}()
	form, err := decodeForm(p.Bytes)
	if err != nil {
		return s, err
	}
	b, err := decompressed(form.Result)
	if err != nil {
		return s, err
	}
	if s, err = element.DecodeRow[Source](b); err != nil {
		return s, err
	}
	if s.Rows != p.Rows {
		return s, fmt.Errorf("found a result of %d rows, expected %d", s.Rows, p.Rows)
	}
	have := s.States
	s.Source, s.Taxi, s.Kept, s.States = p.Source, p.Taxi, true, nil
	for i, spec := range tables {
		t := TableState{Table: spec.Name, Declared: spec.declared()}
		if !slices.ContainsFunc(p.Tables, func(k element.PackedTable) bool { return k.Name == spec.Name && k.Digest == digests[i] }) {
			t, err = emptyState(spec)
		} else if t.Declared {
			t.State, err = form.state(spec.Name)
		} else if t.State = (Source{States: have}).bytes(spec.Name); t.State == nil {
			err = errors.New("found no state of table " + spec.Name + ", expected one")
		}
		if err != nil {
			return s, err
		}
		s.States = append(s.States, t)
	}
	return s, nil
}

// state returns the state of a declared table.
func (f packedForm) state(table string) ([]byte, error) {
	i := slices.IndexFunc(f.States, func(s packedState) bool { return s.Table == table })
	switch {
	case i < 0:
		return nil, errors.New("found no state of table " + table + ", expected one")
	case len(f.States[i].State) == 0:
		return nil, nil
	}
	b, err := decompressed(f.States[i].State)
	if err == nil {
		err = group.Check(b)
	}
	return b, err
}
