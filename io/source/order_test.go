package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// threeBatches is a format whose unit has three batches of a row each. The last two come when the reading has been cancelled: a format need
// not look at that at once.
type threeBatches struct {
	fake
	all chan struct{} // closed when all are emitted

	mu   *sync.Mutex
	done *[]int // the batches that were given back
}

func (f threeBatches) Open(context.Context, element.Recognised, objstore.Reader, element.Range, Config) (Units, error) {
	return f, nil
}

func (f threeBatches) Next(ctx context.Context, emit func(Batch)) error {
	defer close(f.all)
	for i := range 3 {
		if i == 1 {
			<-ctx.Done()
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, countedSchema)
		b.Field(0).(*array.Int64Builder).Append(0)
		b.Field(1).(*array.Int64Builder).Append(int64(i))
		emit(Batch{Record: b.NewRecordBatch(), Done: func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			*f.done = append(*f.done, i)
		}})
		b.Release()
	}
	return nil
}

func (threeBatches) Close() {}

func (f threeBatches) given() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(*f.done)
}

// TestBatchesAreGivenBackInTheirOrder also when the reading is cancelled while a batch is in use: a later batch of the file may be in
// the same memory.
func TestBatchesAreGivenBackInTheirOrder(t *testing.T) {
	for _, lanes := range someLanes {
		t.Run(fmt.Sprint(lanes), func(t *testing.T) {
			f := threeBatches{fake: fake{name: t.Name()}, all: make(chan struct{}), mu: new(sync.Mutex), done: new([]int)}
			before := slices.Clone(formats)
			Register(f)
			defer func() { formats = before }()
			w := counted{fake: f.fake}.files(t, []int64{3})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := read(ctx, Config{Lanes: lanes}, w, element.Range{End: 1}, func(int64) bool { return true }, func([]element.Columns) {
				cancel()
				<-f.all
				if done := f.given(); len(done) > 0 {
					t.Errorf("batches %v were given back while batch 0 was in use", done)
				}
			})
			if done := f.given(); !errors.Is(err, context.Canceled) || !slices.Equal(done, []int{0, 1, 2}) {
				t.Errorf("batches %v were given back, %v, expected 0, 1 and 2, and that it was cancelled", done, err)
			}
		})
	}
}
