package objstore

import (
	"context"
	"testing"
)

// Most tests reach stores as a run does that says nothing of how.
func Match(ctx context.Context, patterns []string, own ...Own) ([]Object, error) {
	return Access{}.Match(ctx, patterns, own...)
}
func Open(ctx context.Context, o Object) (Reader, error)      { return Access{}.Open(ctx, o) }
func Stat(ctx context.Context, uri string) (Object, error)    { return Access{}.Stat(ctx, uri) }
func ReadAll(ctx context.Context, uri string) ([]byte, error) { return Access{}.ReadAll(ctx, uri) }

func Get(ctx context.Context, uri string, f From) (*Body, error) { return Access{}.Get(ctx, uri, f) }

func List(ctx context.Context, prefix string, slashes int) ([]Object, error) {
	return Access{}.List(ctx, prefix, slashes)
}

func NewLock(ctx context.Context, output, id string, note func(string)) (*Lock, error) {
	return Access{}.Lock(ctx, output, id, note)
}

// TestEachAccessHasItsStores reaches one server in two ways in turns, as two jobs of one process do.
func TestEachAccessHasItsStores(t *testing.T) {
	const uri = "http://192.0.2.1/x.parquet" // of another host, so that it may be asked only with AllowHTTP
	strict, lax := Access{}, Access{AllowHTTP: true}
	for range 2 {
		for _, a := range []Access{strict, lax} {
			s, err := a.storeOf(t.Context(), uri)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.one.(*web).allowHTTP; got != a.AllowHTTP {
				t.Errorf("%+v: found a store with AllowHTTP %v", a, got)
			}
			if again, err := a.storeOf(t.Context(), uri); again != s || err != nil {
				t.Errorf("%+v: found another store when asked again (%v)", a, err)
			}
		}
	}
}
