package kept

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[filesFn]())
	beam.RegisterDoFn(reflect.TypeFor[readFn]())
	register.Emitter1[element.RecognisedFiles]()
	register.Emitter1[element.Unusable]()
	register.Emitter1[element.Remembered]()
}

// Files puts kept inputs into the pipeline: as recognised files, or as files that cannot be used. recall returns what this run knows of a file.
//
// Files returns a PCollection<element.RecognisedFiles> and a PCollection<element.Unusable>.
func Files(s beam.Scope, inputs []*Input, recall func(element.Recognised) element.Recognised) (recognised, unusable beam.PCollection) {
	s = s.Scope("kept.Files")
	fn := &filesFn{}
	for part := range slices.Chunk(inputs, element.MostInList) {
		var files []element.Recognised
		var unusable []element.Unusable
		for _, in := range part {
			if in.Unusable != nil {
				u := *in.Unusable
				u.Kept = true
				unusable = append(unusable, u)
				continue
			}
			f := recall(in.File)
			f.Kept = true
			files = append(files, f)
		}
		if len(files) > 0 {
			fn.Lists = append(fn.Lists, compact(files))
		}
		if len(unusable) > 0 {
			fn.Unusable = append(fn.Unusable, compact(unusable))
		}
	}
	return beam.ParDo2(s, fn, beam.Impulse(s))
}

// filesFn holds the files in compact lists.
type filesFn struct {
	Lists    [][]byte // of element.Recognised
	Unusable [][]byte
}

func (fn *filesFn) ProcessElement(_ []byte, emit func(element.RecognisedFiles), refuse func(element.Unusable)) error {
	for _, b := range fn.Lists {
		emit(element.RecognisedFiles{Compact: b})
	}
	for _, b := range fn.Unusable {
		list, err := element.ExpandList[element.Unusable](b)
		if err != nil {
			return err
		}
		for _, f := range list {
			refuse(f)
		}
	}
	return nil
}

// compact encodes a list as a compact list.
func compact[T any](list []T) []byte {
	b, err := element.CompactList(list)
	if err != nil {
		panic(fmt.Sprintf("kept: a list cannot be coded: %v", err)) // every list of this package can be encoded
	}
	return b
}

// Read reads the kept results of inputs, on a worker. If a result differs from the index, the pipeline fails, and [Damaged] names the result.
//
// Read returns a PCollection<element.Remembered>.
func Read(s beam.Scope, access objstore.Access, output string, inputs []*Input) beam.PCollection {
	s = s.Scope("kept.Read")
	fn := &readFn{Access: access, Output: output}
	for part := range slices.Chunk(requests(inputs), requestsInList) {
		fn.Lists = append(fn.Lists, compact(part))
	}
	return beam.ParDo(s, fn, beam.Impulse(s))
}

// Damaged tells whether a damaged kept result caused an error. It returns the file of results and the source of the input. If source is "",
// all results in the file are damaged. file may be "" too.
func Damaged(err error) (file, source string, ok bool) {
	source, file, ok = element.DamagedIn(err)
	return file, source, ok
}

const (
	// mostGap is the largest gap between two results of one request, in bytes. To read such a gap is faster than another request.
	mostGap = 64 << 10
	// mostRequest is the largest size of a request in bytes, except for a single result that is larger.
	mostRequest = 1 << 20
	// requestsInList is how many requests are encoded together.
	requestsInList = 16
	// atOnce is how many requests run at the same time.
	atOnce = 8
)

// request is a range of a file that has some results.
type request struct {
	File    string
	Offset  int64
	Length  int64
	Results []stored
}

// stored is a result in a request, without its bytes.
type stored struct {
	Packed element.Packed
	At     Ref
}

// requests returns ranges that together have all results of inputs. One range reads results that lie close together.
func requests(inputs []*Input) (out []request) {
	all := make([]stored, 0, len(inputs))
	var tables sharedTables
	for _, in := range inputs {
		for _, r := range in.Results {
			p := element.Packed{Source: cmp.Or(in.File.Source, in.Source), Taxi: r.Taxi, Rows: r.Rows, Numbers: r.Numbers, File: r.At.File}
			p.Tables = tables.of(r.Tables)
			all = append(all, stored{p, r.At})
		}
	}
	slices.SortStableFunc(all, func(a, b stored) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	for _, r := range all {
		if n := len(out); n > 0 && out[n-1].takes(r.At) {
			last := &out[n-1]
			last.Length = max(last.Length, r.At.Offset+r.At.Length-last.Offset)
			last.Results = append(last.Results, r)
			continue
		}
		out = append(out, request{File: r.At.File, Offset: r.At.Offset, Length: r.At.Length, Results: []stored{r}})
	}
	return out
}

// sharedTables holds the tables of the last result. Most results have the same tables and share them, so nobody may write to them.
type sharedTables struct {
	last   []Table
	packed []element.PackedTable
}

func (s *sharedTables) of(tables []Table) []element.PackedTable {
	if s.packed == nil || !slices.Equal(tables, s.last) {
		s.last, s.packed = tables, nil
		for _, t := range tables {
			s.packed = append(s.packed, element.PackedTable{Name: t.Name, Digest: t.Digest, Alone: t.Alone})
		}
	}
	return s.packed
}

// takes tells whether a range is read with the request, which begins before it.
func (r request) takes(at Ref) bool {
	return at.File == r.File && at.Offset-(r.Offset+r.Length) <= mostGap && at.Offset+at.Length-r.Offset <= mostRequest && len(r.Results) < element.MostInList
}

// readFn makes several requests at the same time, and emits their results in order.
type readFn struct {
	Access objstore.Access
	Output string
	Lists  [][]byte // compact lists of requests
}

type answer struct {
	results []element.Packed
	err     error
}

func (fn *readFn) ProcessElement(ctx context.Context, _ []byte, emit func(element.Remembered)) (err error) {
	files := &opened{ctx: ctx, access: fn.Access, output: fn.Output, readers: map[string]objstore.Reader{}}
	var pending []chan answer
	first := func() error {
		a := <-pending[0]
		pending = pending[1:]
		if a.err == nil {
			emit(element.Remembered{Results: a.results})
		}
		return cmp.Or(ctx.Err(), a.err)
	}
	defer func() {
		for _, p := range pending { // all reads must end before the files are closed
			<-p
		}
		err = errors.Join(err, files.close())
	}()
	for _, b := range fn.Lists {
		list, err := element.ExpandList[request](b)
		if err != nil {
			return err
		}
		for _, r := range list {
			if len(pending) == atOnce {
				if err := first(); err != nil {
					return err
				}
			}
			reader, err := files.of(r)
			if err != nil {
				return cmp.Or(ctx.Err(), err)
			}
			result := make(chan answer, 1)
			pending = append(pending, result)
			go func() {
				results, err := r.read(reader)
				result <- answer{results, err}
			}()
		}
	}
	for len(pending) > 0 {
		if err := first(); err != nil {
			return err
		}
	}
	return nil
}

// read reads the results of a request and compares them with the index.
func (r request) read(from objstore.Reader) ([]element.Packed, error) {
	all := element.Packed{File: r.File}
	if size := from.Size(); r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > size {
		return nil, all.Damaged("found %d bytes, expected at least %d", size, r.Offset+r.Length)
	}
	b := make([]byte, r.Length)
	if _, err := from.ReadAt(b, r.Offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, r.fails(err)
	}
	results := make([]element.Packed, 0, len(r.Results))
	for _, stored := range r.Results {
		p, at := stored.Packed, stored.At
		if at.Offset < r.Offset || at.Length < 0 || at.Offset+at.Length > r.Offset+r.Length {
			return nil, p.Damaged("found the place %d to %d, expected one in its request", at.Offset, at.Offset+at.Length)
		}
		p.Bytes = b[at.Offset-r.Offset:][:at.Length:at.Length]
		if sum := sha256.Sum256(p.Bytes); hex.EncodeToString(sum[:]) != at.SHA256 {
			return nil, p.Damaged("found bytes with another digest than the index has")
		}
		results = append(results, p)
	}
	return results, nil
}

// fails returns the fault of a request. If the store does not answer, the results may be good; if the file is missing or has changed, they are
// damaged.
func (r request) fails(err error) error {
	if fault.CodeOf(err, fault.Failed) == fault.Unavailable {
		return fault.New(fault.Failed, "kept results in %s: %v", r.File, objstore.Reason(err))
	}
	return element.Packed{File: r.File}.Damaged("%v", objstore.Reason(err))
}

// opened has the files that are open.
type opened struct {
	ctx     context.Context
	access  objstore.Access
	output  string
	readers map[string]objstore.Reader
}

func (o *opened) of(r request) (objstore.Reader, error) {
	if reader := o.readers[r.File]; reader != nil {
		return reader, nil
	}
	found, err := o.access.Stat(o.ctx, objstore.Join(o.output, r.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, element.Packed{File: r.File}.Damaged("found no such file")
	}
	if err != nil {
		return nil, r.fails(err)
	}
	reader, err := o.access.Open(o.ctx, found)
	if err != nil {
		return nil, r.fails(err)
	}
	o.readers[r.File] = reader
	return reader, nil
}

func (o *opened) close() (err error) {
	for _, r := range o.readers {
		err = errors.Join(err, r.Close())
	}
	return err
}
