package quarantine

import (
	"errors"
	"io"
	"os"
	"reflect"

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

// writeFn has one file open at a time: rejects come in the order of their rows, as the reader reads a row group from its
// start to its end. If a runner mixed them, there would be more and smaller files.
type writeFn struct {
	Config Config

	open     *openFile
	rowGroup int
}

// StartBundle begins with no file.
func (fn *writeFn) StartBundle(func(File)) error {
	if fn.open != nil { // of a bundle that failed: Open and Close remove its file
		fn.open.file.Close() //nolint:errcheck // nothing of it is used
		fn.open = nil
	}
	return nil
}

func (fn *writeFn) ProcessElement(r element.Rejects, emit func(File)) error {
	if fn.open != nil && (fn.open.Source != r.Source || fn.rowGroup != r.RowGroup) {
		if err := fn.finish(emit); err != nil {
			return err
		}
	}
	if fn.open == nil {
		var err error
		if fn.open, err = create(fn.Config, r); err != nil {
			return fn.fault(err)
		}
		fn.rowGroup = r.RowGroup
	}
	return fn.fault(fn.open.add(r))
}

// FinishBundle hands on the last file.
func (fn *writeFn) FinishBundle(emit func(File)) error { return fn.finish(emit) }

func (fn *writeFn) finish(emit func(File)) error {
	if fn.open == nil {
		return nil
	}
	done := fn.open
	fn.open = nil
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
	file *os.File
	out  *pqarrow.FileWriter
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
	p := &openFile{file: f, out: out}
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
