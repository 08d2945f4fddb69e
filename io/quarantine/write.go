package quarantine

import (
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeFn]())
	register.Emitter1[File]()
	beam.RegisterType(reflect.TypeFor[File]())
	beam.RegisterFunction(encodeFile)
	beam.RegisterFunction(decodeFile)
	beam.RegisterCoder(reflect.TypeFor[File](), encodeFile, decodeFile)
}

func encodeFile(p File) ([]byte, error) { return element.EncodeRow(p) } // bytes to a runner
func decodeFile(b []byte) (File, error) { return element.DecodeRow[File](b) }

// rowGroupRows is how many rows are kept in memory before they are written: some MiB.
const rowGroupRows = 32 << 10

// Write writes rejects to files, one for each row group of a source in a bundle.
//
// Write transforms a PCollection<element.Rejects> into a PCollection<File>.
func Write(s beam.Scope, cfg Config, rejects beam.PCollection) beam.PCollection {
	s = s.Scope("quarantine.Write")
	return beam.ParDo(s, &writeFn{Config: cfg}, rejects)
}

// mostOpen is how many files are open at once for each core: row groups that are read side by side come mixed. A file that is open keeps
// some rows in memory.
const mostOpen = 2

// writeFn has a file open for each row group that came last. Rejects of one row group come in the order of their rows, and those of several
// row groups may be mixed. If more were mixed than files may be open, there would be more and smaller files.
type writeFn struct {
	Config Config

	open []*openFile // the one of the last rejects at the end
}

// StartBundle begins with no file.
func (fn *writeFn) StartBundle(func(File)) error {
	for _, f := range fn.open { // of a bundle that failed: Open and Close remove its files
		f.file.Close() //nolint:errcheck // nothing of it is used
	}
	fn.open = nil
	return nil
}

func (fn *writeFn) ProcessElement(r element.Rejects, emit func(File)) error {
	f, err := fn.of(r, emit)
	if err != nil {
		return err
	}
	return fn.fault(f.add(r))
}

// of returns the open file of the row group of rejects.
func (fn *writeFn) of(r element.Rejects, emit func(File)) (*openFile, error) {
	i := slices.IndexFunc(fn.open, func(f *openFile) bool { return f.Source == r.Source && f.rowGroup == r.RowGroup })
	if i >= 0 {
		f := fn.open[i]
		fn.open = append(slices.Delete(fn.open, i, i+1), f)
		return f, nil
	}
	for len(fn.open) >= mostOpen*runtime.GOMAXPROCS(0) {
		if err := fn.finish(emit); err != nil {
			return nil, err
		}
	}
	f, err := create(fn.Config, r)
	if err != nil {
		return nil, fn.fault(err)
	}
	fn.open = append(fn.open, f)
	return f, nil
}

// FinishBundle hands on the last files.
func (fn *writeFn) FinishBundle(emit func(File)) error {
	for len(fn.open) > 0 {
		if err := fn.finish(emit); err != nil {
			return err
		}
	}
	return nil
}

// finish hands on the file of the row group of which no rejects came for the longest time.
func (fn *writeFn) finish(emit func(File)) error {
	done := fn.open[0]
	fn.open = slices.Delete(fn.open, 0, 1)
	if err := done.close(); err != nil {
		return fn.fault(err)
	}
	emit(done.File)
	return nil
}

func (fn *writeFn) fault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Failed, "quarantine %s: %v; nothing was published: make room or leave out --quarantine", fn.Config.Dir, objstore.Reason(err))
}

// openFile is a file that is being written.
type openFile struct {
	File
	rowGroup int
	file     *os.File
	out      *pqarrow.FileWriter
}

func create(cfg Config, r element.Rejects) (*openFile, error) {
	f, err := os.CreateTemp(cfg.run(), "rows-*.parquet") // of mode 0600
	if err != nil {
		return nil, err
	}
	props := parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithMaxRowGroupLength(rowGroupRows), // these keep little in memory
		parquet.WithDictionaryDefault(false), parquet.WithDictionaryFor("source", true), parquet.WithDictionaryFor("rule", true),
		parquet.WithVersion(parquet.V2_LATEST), parquet.WithDataPageVersion(parquet.DataPageV1),
	)
	out, err := pqarrow.NewFileWriter(r.Record.Schema(), struct{ io.Writer }{f}, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p := &openFile{rowGroup: r.RowGroup, file: f, out: out}
	p.Source, p.Path = r.Source, f.Name()
	p.FirstRow = r.Record.Column(1).(*array.Int64).Value(0)
	return p, nil
}

func (p *openFile) add(r element.Rejects) error {
	p.FirstRow = min(p.FirstRow, r.Record.Column(1).(*array.Int64).Value(0)) // batches of several taxis take turns
	p.Rows += r.Record.NumRows()
	p.Refused += r.Refused
	return p.out.WriteBuffered(r.Record)
}

// close ends the file, on the disk.
func (p *openFile) close() error { return objstore.CloseSynced(p.file, p.out.Close()) }
