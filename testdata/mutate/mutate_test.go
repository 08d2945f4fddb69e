package mutate

import (
	"bytes"
	"testing"

	"tripstats/testdata/tlcgen"
)

func generated(t *testing.T, o tlcgen.Options) *File {
	t.Helper()
	var b bytes.Buffer
	if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
		t.Fatal(err)
	}
	f, err := Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func twoFiles(t *testing.T) (f, other *File) {
	t.Helper()
	return generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: 300, RowGroups: 2}),
		generated(t, tlcgen.Options{Taxi: tlcgen.Green, Month: tlcgen.MonthOf(2014, 3), Rows: 200})
}

func TestAFileTakenApartIsWrittenAgainAsItWas(t *testing.T) {
	f, _ := twoFiles(t)
	if got := f.withFooter(f.mustFooter()); !bytes.Equal(got, f.data) {
		t.Error("the footer came out another one")
	}
	if len(f.pages) < 2*19 {
		t.Errorf("found %d pages, expected one for each column and row group at least", len(f.pages))
	}
	for _, p := range f.pages {
		if got := f.withHeader(p, f.header(p)); !bytes.Equal(got, f.data) {
			t.Fatalf("page at %d of %s: the header came out another one", p.headAt, p.name)
		}
	}
}

func TestALongerPageHeaderMovesWhatFollows(t *testing.T) {
	f, _ := twoFiles(t)
	p := f.pages[3]
	head := f.header(p)
	head.field(2).num = 1 << 30
	moved, err := Parse(f.withHeader(p, head))
	if err != nil {
		t.Fatal(err)
	}
	if len(moved.pages) != len(f.pages) {
		t.Fatalf("found %d pages, expected %d", len(moved.pages), len(f.pages))
	}
	for i, q := range moved.pages {
		was := f.pages[i]
		if !bytes.Equal(moved.data[q.bodyAt:q.to], f.data[was.bodyAt:was.to]) {
			t.Errorf("page %d is not what it was", i)
		}
	}
}

func TestAMutationDependsOnItsSeedAlone(t *testing.T) {
	f, other := twoFiles(t)
	before := bytes.Clone(f.data)
	seen := map[string]bool{}
	for seed := range uint64(40 * len(kinds)) {
		a, kind := Mutate(f, other, seed)
		b, again := Mutate(f, other, seed)
		if !bytes.Equal(a, b) || kind != again {
			t.Fatalf("seed %d: two results", seed)
		}
		if !bytes.Equal(a, f.data) {
			seen[kind] = true
		}
	}
	if len(seen) != len(kinds) {
		t.Errorf("only %v change a file", seen)
	}
	if !bytes.Equal(before, f.data) {
		t.Error("the file itself was changed")
	}
}
