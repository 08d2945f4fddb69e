package source

import (
	"bytes"
	"context"
	"testing"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// fake is a format that has names and nothing else.
type fake struct {
	name            string
	endings, starts []string
}

func (f fake) Name() string      { return f.name }
func (f fake) Endings() []string { return f.endings }
func (f fake) Starts() []string  { return f.starts }
func (f fake) ReadAhead(int64)   {}
func (f fake) Describe(context.Context, element.Found, objstore.Reader) (element.Described, error) {
	return element.Described{}, nil
}
func (f fake) Narrow(r element.Recognised) (element.Recognised, error) { return r, nil }
func (f fake) Open(context.Context, element.Recognised, objstore.Reader, element.Range, Config) (Units, error) {
	return noUnits{}, nil
}

type noUnits struct{}

func (noUnits) Next(context.Context, func(Batch)) error { return nil }
func (noUnits) Close()                                  {}

func TestTheEndingOrElseTheFirstBytesTellTheFormat(t *testing.T) {
	defer func(before []Format) { formats = before }(formats)
	formats = nil
	Register(fake{name: "first", endings: []string{".first"}, starts: []string{"FIRST"}})
	alone, err := formatOf(element.Found{Source: "x"}, nil) // nothing is read
	if err != nil || alone.Name() != "first" {
		t.Errorf("the only format: found %v, %v", alone, err)
	}
	Register(fake{name: "second", endings: []string{".csv", ".csv.gz"}})
	Register(fake{name: "third", starts: []string{"3"}})
	for _, c := range []struct{ source, content, want string }{
		{"a/x.first", "3", "first"},
		{"a/x.CSV", "FIRST", "second"},
		{"x.csv.gz", "", "second"},
		{"x.gz", "3...", "third"},
		{"csv", "FIRST...", "first"},
		{"x.csv.bak", "who knows", "first"},
		{"x", "F", "first"},
		{"x", "", "first"},
	} {
		f, err := formatOf(element.Found{Source: c.source, Size: int64(len(c.content))}, bytes.NewReader([]byte(c.content)))
		if err != nil || f.Name() != c.want {
			t.Errorf("%s with %q: found %v, %v, expected %s", c.source, c.content, f, err, c.want)
		}
	}
}

func TestAFormatIsRegisteredOnce(t *testing.T) {
	defer func(before []Format) { formats = before }(formats)
	formats = nil
	Register(fake{name: "one"})
	defer func() {
		if recover() == nil {
			t.Error("the second time is no panic")
		}
	}()
	Register(fake{name: "one"})
}

// A worker of another program has other formats.
func TestAFormatThatIsNotRegisteredIsAFault(t *testing.T) {
	var f element.Recognised
	f.Source, f.Format, f.UnitRows = "x", "unknown", []int64{1}
	if err := Scan(t.Context(), f, Config{}, nil); err == nil {
		t.Error("no error")
	}
}
