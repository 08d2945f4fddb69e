package publish

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"tripstats/io/objstore"
)

// RunRecord says how long the run of a version took and what it needed. It is for people: no run depends on it.
type RunRecord struct {
	Run      string  `json:"run"`
	Program  Program `json:"program"`
	Runner   string  `json:"runner,omitempty"`
	Start    string  `json:"start,omitempty"` // RFC 3339
	End      string  `json:"end"`             // when the tables were ready, before they were published
	Seconds  float64 `json:"seconds,omitempty"`
	Memory   int64   `json:"peak_memory_bytes"` // of the process that committed
	Read     int64   `json:"bytes_read"`        // by that process
	Requests int64   `json:"requests"`          // by that process
}

// record returns the record of this run up to this moment.
func (cfg Config) record() RunRecord {
	end := time.Now().UTC()
	r := RunRecord{
		Run: cfg.ID, Program: cfg.Program, Runner: cfg.Runner, End: end.Format(time.RFC3339),
		Memory: PeakMemory(), Read: objstore.BytesRead(), Requests: objstore.Requests(),
	}
	if !cfg.Start.IsZero() {
		r.Start, r.Seconds = cfg.Start.UTC().Format(time.RFC3339), end.Sub(cfg.Start).Seconds()
	}
	return r
}

func (r RunRecord) write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// ReadRun reads the record of the run that made a version. dir is the version's folder below the output.
func ReadRun(ctx context.Context, access objstore.Access, output, dir string) (*RunRecord, error) {
	content, err := access.ReadAll(ctx, objstore.Join(output, dir+"/"+runName))
	if err != nil {
		return nil, err
	}
	r := new(RunRecord)
	return r, json.Unmarshal(content, r)
}

// PeakMemory is the largest resident memory that this process has had, in bytes. If the system does not tell, it is the memory that Go has
// taken from the system.
func PeakMemory() int64 {
	if b, err := os.ReadFile("/proc/self/status"); err == nil {
		for l := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
				if kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
					return kb << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
