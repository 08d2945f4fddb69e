package parquetio

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/transforms/fault"
)

// TestALocalFileThatIsOverwrittenWhileItIsReadIsExit3 writes to the file in the callback that gets a batch, so that the moment is the
// same in every run. The rows read before may be a mixture of both contents, so none of them may count.
func TestALocalFileThatIsOverwrittenWhileItIsReadIsExit3(t *testing.T) {
	for name, rows := range map[string]int64{
		"after its last byte was read":   100,
		"before its last bytes are read": 1_500_000, // many more than are decoded ahead
	} {
		f, path := onDisk(t, rows)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = process(f, new(readFn).CreateTracker(offsetrange.Restriction{End: 1}), func(batch int) {
			if batch == 0 {
				overwrite(t, path, content)
			}
		})
		if got := fault.Find(err); got == nil || got.Code != fault.Input || !strings.Contains(got.Message, "has changed since it was matched") || strings.Contains(got.Message, "damaged") {
			t.Errorf("%s: found %v, expected exit code 3 and that the file has changed", name, err)
		}
	}
}

// overwrite replaces the bytes of a file in place, from its middle to its footer, by others of the same length. It also sets another
// time, because two writes within one tick of the clock have the same time.
func overwrite(t *testing.T, path string, content []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, len(content)/4), int64(len(content)/2)); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
}
