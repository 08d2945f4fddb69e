package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

var (
	sequenceSeed  = flag.Int64("sequence.seed", -1, "run the sequence of this seed, and log its steps")
	sequenceCount = flag.Int("sequence.count", 1, "run so many sequences from that seed on")
)

// TestWhatIsKeptChangesNoResult runs random sequences of runs over one output: inputs come, change and go, rules, tables, quality and
// --existing change, runs are killed, and what is kept is damaged. After each run the output must be that of a run that knows nothing of
// the runs before it, over the inputs that the output should have by then.
func TestWhatIsKeptChangesNoResult(t *testing.T) {
	if !inOwnProcess(t, fmt.Sprint("-sequence.seed=", *sequenceSeed), fmt.Sprint("-sequence.count=", *sequenceCount)) {
		return
	}
	count := 15
	if os.Getenv("TRIPSTATS_SOAK") == "1" {
		count = 300
	}
	first := 0
	if *sequenceSeed >= 0 {
		first, count = int(*sequenceSeed), *sequenceCount
	}
	codes := map[int]int{}
	var reused int
	for seed := first; seed < first+count; seed++ {
		w := newWorld(t, uint64(seed))
		for range 7 {
			if !w.step() {
				t.Errorf("sequence %d:\n%s\nagain: go test ./pipeline -run %s -sequence.seed %d", seed, strings.Join(w.log, "\n"), t.Name(), seed)
				break
			}
		}
		if *sequenceSeed >= 0 && count == 1 {
			t.Log("\n" + strings.Join(w.log, "\n"))
		}
		for code, n := range w.codes {
			codes[code] += n
		}
		reused += w.reused
	}
	t.Logf("runs by exit code: %v; %d inputs were not read again", codes, reused)
}

// An input of a sequence is a small file. Trips of all are in their month.
type seqFile struct {
	name    string // on the server
	taxi    string
	month   int // of 2019
	dated   bool
	content []byte
}

// covers is what an output with the file has that it had not without.
func (f seqFile) covers() string { return fmt.Sprintf("%s 2019-%02d", f.taxi, f.month) }

// seqSettings are flags that decide results, other than the inputs.
type seqSettings struct {
	quality, limits, sameMonth, taxi string
	tables                           string // sorted, with commas
}

// seqOutput is what an output should have.
type seqOutput struct {
	files   map[string]seqFile
	leftOut map[string]seqFile // by --taxi; the last month in a name may be of one
	seqSettings
}

// world is what the runs of a sequence work with.
type world struct {
	t      *testing.T
	random *rand.Rand
	web    *fakes.Web
	files  map[string]seqFile // that are on the server
	out    string
	have   *seqOutput // what the output should have; nil: there is none

	broken bool // something that is kept of the latest version is damaged
	ever   bool // something that is kept of some version is damaged

	mu      sync.Mutex
	fetched map[string]bool // the files whose content was asked for

	log    []string
	codes  map[int]int
	reused int
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 18)), web: fakes.NewWeb(t, map[string][]byte{}), files: map[string]seqFile{},
		out: filepath.Join(t.TempDir(), "out"), codes: map[int]int{},
	}
	w.web.Before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodGet {
			w.mu.Lock()
			w.fetched[strings.TrimPrefix(r.URL.Path, "/")] = true
			w.mu.Unlock()
		}
		return false
	}
	return w
}

func (w *world) chance(percent int) bool { return w.random.IntN(100) < percent }

func pick[T any](w *world, from ...T) T { return from[w.random.IntN(len(from))] }

var seqContents struct {
	sync.Mutex
	made map[string][]byte
}

// contentOf makes a small file once. Each seed makes other trips, and another number of them.
func contentOf(t *testing.T, taxi string, month int, seed uint64) []byte {
	t.Helper()
	seqContents.Lock()
	defer seqContents.Unlock()
	key := fmt.Sprint(taxi, month, seed)
	if c := seqContents.made[key]; c != nil {
		return c
	}
	var b bytes.Buffer
	o := tlcgen.Options{
		Taxi: tlcgen.Taxi(taxi), Month: tlcgen.YearMonth{Year: 2019, Month: month}, Rows: int64(60 + 10*seed), RowGroups: 1 + int(seed)%2, Seed: seed,
		Clean: true, Codec: tlcgen.Snappy,
	}
	if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
		t.Fatal(err)
	}
	if seqContents.made == nil {
		seqContents.made = map[string][]byte{}
	}
	seqContents.made[key] = b.Bytes()
	return b.Bytes()
}

// Files without a month in their names have trips of the first month, so that --as-of never refuses all of them.
const firstMonth, lastMonth = 7, 11

// change puts a file on the server, changes one, or removes one.
func (w *world) change() {
	taxi, month := pick(w, "yellow", "green"), firstMonth+w.random.IntN(lastMonth-firstMonth+1)
	f := seqFile{name: fmt.Sprintf("%s_tripdata_2019-%02d.parquet", taxi, month), taxi: taxi, month: month, dated: true}
	seed := uint64(w.random.IntN(3))
	switch {
	case w.chance(15):
		f.name, seed = "more_"+f.name, seed+3
	case w.chance(15):
		f.name, f.month, f.dated, seed = taxi+"_trips.parquet", firstMonth, false, seed+6
	}
	if old, is := w.files[f.name]; is && w.chance(30) {
		delete(w.files, f.name)
		w.web.Set(f.name, nil)
		w.note("removed %s", old.name)
		return
	}
	f.content = contentOf(w.t, taxi, f.month, seed)
	w.files[f.name] = f
	w.web.Set(f.name, f.content)
	w.note("put %s, seed %d", f.name, seed)
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// The tables of a sequence: one whose groups are finished with each file, and one whose groups wait for all files and take few bytes.
var seqTables = map[string]string{
	"by_day.sql": "CREATE TABLE by_day AS SELECT taxi, month_start, weekday, count(*) AS n, sum(total_amount) AS total FROM trips GROUP BY ALL",
	"few.sql":    "CREATE TABLE few AS SELECT count(*) AS n, max(trip_distance) AS far FROM trips",
}

var seqFolder = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tripstats-sequences-")
	for name, text := range seqTables {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text+";\n"), 0o600))
	}
	return dir, err
})

// drawSettings changes some settings.
func (w *world) drawSettings(s seqSettings) seqSettings {
	if s.quality == "" {
		s = seqSettings{quality: "standard", sameMonth: "refuse", tables: "standard"}
	}
	if w.chance(10) {
		s.quality = pick(w, "standard", "raw")
	}
	if w.chance(15) {
		s.limits = pick(w, "", "duration_over=30", "distance_over=5")
	}
	if s.quality == "raw" {
		s.limits = ""
	}
	if w.chance(15) {
		s.taxi = pick(w, "", "", "yellow")
	}
	if w.chance(25) {
		s.tables = w.drawTables("standard")
	}
	return s
}

func (w *world) drawTables(some ...string) string {
	for _, name := range []string{"by_day.sql", "few.sql", "payment"} {
		if w.chance(30) {
			some = append(some, name)
		}
	}
	return joinedTables(some)
}

func joinedTables(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// flags are the flags for settings.
func (s seqSettings) flags(t *testing.T) []string {
	dir, err := seqFolder()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--quality=" + s.quality, "--same-month=" + s.sameMonth, "--tables=" + inFolder(dir, s.tables)}
	if s.limits != "" {
		args = append(args, "--limits="+s.limits)
	}
	if s.taxi != "" {
		args = append(args, "--taxi="+s.taxi)
	}
	return args
}

func inFolder(dir, tables string) string {
	names := strings.Split(tables, ",")
	for i, n := range names {
		if strings.HasSuffix(n, ".sql") {
			names[i] = filepath.Join(dir, n)
		}
	}
	return strings.Join(names, ",")
}

// run is a run of a sequence.
type seqRun struct {
	named    map[string]seqFile
	existing string
	args     []string  // without output
	becomes  seqOutput // what the output should have if it succeeds
	codes    []int     // the exit codes that it may have
	readable bool      // whether it may read only the named files that have changed
}

// draw draws the next run; nil if there is nothing to read.
func (w *world) draw() *seqRun {
	r := &seqRun{named: map[string]seqFile{}, existing: pick(w, "protect", "protect", "extend", "extend", "extend", "replace")}
	var settings seqSettings
	if w.have != nil {
		settings = w.have.seqSettings
	}
	extends := r.existing == "extend" && w.have != nil
	for name, f := range w.files {
		if r.existing != "extend" || w.chance(50) {
			r.named[name] = f
		}
	}
	drawn := w.drawSettings(settings)
	if extends {
		drawn = settings
	}
	if len(r.named) == 0 || drawn.taxi != "" && !slices.ContainsFunc(slices.Collect(maps.Values(r.named)), func(f seqFile) bool { return f.taxi == drawn.taxi }) {
		return nil
	}
	if hasTwoOfAMonth(r.named) && drawn.sameMonth == "refuse" {
		if extends {
			return nil
		}
		drawn.sameMonth = "merge"
	}
	inputs := make([]string, 0, len(r.named))
	for _, name := range slices.Sorted(maps.Keys(r.named)) {
		inputs = append(inputs, w.web.URL+"/"+name)
	}
	r.args = []string{"--input=" + strings.Join(inputs, ","), "--existing=" + r.existing}
	r.becomes = seqOutput{files: map[string]seqFile{}, leftOut: map[string]seqFile{}, seqSettings: drawn}
	for name, f := range r.named {
		if drawn.taxi == "" || f.taxi == drawn.taxi {
			r.becomes.files[name] = f
		} else {
			r.becomes.leftOut[name] = f
		}
	}
	switch {
	case extends:
		w.extend(r)
	default:
		r.args = append(r.args, drawn.flags(w.t)...)
		r.codes = []int{0}
		if r.existing == "protect" && w.have != nil && w.have.loses(r.becomes) {
			r.codes = []int{5}
		}
		r.readable = w.have != nil && w.have.seqSettings == drawn && drawn.tables == "standard" && !w.broken
	}
	var more string
	switch n := w.random.IntN(100); {
	case n < 8:
		more = "--reuse=false"
	case n < 12 && drawn.quality == "standard" && r.codes[0] == 0:
		more = "--quarantine=" + w.out + "-refused"
	case n < 16:
		r.args = append(r.args, "--runner=prism")
	}
	if more != "" { // all files are read
		r.args = append(r.args, more)
		r.readable = false
		if extends && r.codes[0] == 0 && w.isGone(r) {
			r.codes = []int{0, 3, 5}
		}
	}
	return r
}

func hasTwoOfAMonth(files map[string]seqFile) bool {
	seen := map[string]bool{}
	for _, f := range files {
		if f.dated && seen[f.covers()] {
			return true
		}
		seen[f.covers()] = seen[f.covers()] || f.dated
	}
	return false
}

// loses tells whether an output has months or tables that the next one has not.
func (o seqOutput) loses(next seqOutput) bool {
	covered := map[string]bool{}
	for _, f := range next.files {
		covered[f.covers()] = true
	}
	for _, f := range o.files {
		if !covered[f.covers()] {
			return true
		}
	}
	for _, table := range strings.Split(o.tables, ",") {
		if !slices.Contains(strings.Split(next.tables, ","), table) {
			return true
		}
	}
	return o.quality == "standard" && next.quality == "raw" // which has no ledger
}

// extend makes a run one that adds to the output.
func (w *world) extend(r *seqRun) {
	r.codes = []int{0}
	for name, f := range w.have.files {
		replaced := false
		for other, g := range r.named {
			replaced = replaced || name == other || w.have.sameMonth == "refuse" && f.dated && g.dated && f.covers() == g.covers()
		}
		if !replaced {
			r.becomes.files[name] = f
		}
	}
	simple := !w.broken && r.becomes.tables == "standard" && r.becomes.sameMonth == "refuse"
	if w.chance(20) {
		dir, err := seqFolder()
		if err != nil {
			w.t.Fatal(err)
		}
		if more := w.drawTables(); more != "" {
			r.args = append(r.args, "--tables="+inFolder(dir, more))
			r.becomes.tables = joinedTables(append(strings.Split(r.becomes.tables, ","), strings.Split(more, ",")...))
			simple = false
		}
	}
	for _, f := range r.becomes.files {
		simple = simple && f.dated // otherwise --as-of may be another
	}
	if !simple && w.isGone(r) { // what is kept may not do, and it cannot be made again
		r.codes = []int{0, 3, 5}
	}
	if w.chance(10) { // settings that are given must be those of the output
		r.args = append(r.args, "--quality="+r.becomes.quality, "--same-month="+r.becomes.sameMonth)
		if other := map[string]string{"raw": "standard", "standard": "raw"}[r.becomes.quality]; w.chance(50) {
			r.args = append(r.args, "--quality="+other)
			r.codes = []int{5}
		}
	}
	r.readable = simple
}

// isGone tells whether a file that the output should have is not there any more, or is another one.
func (w *world) isGone(r *seqRun) bool {
	for name, f := range r.becomes.files {
		if is, there := w.files[name]; !there || !bytes.Equal(is.content, f.content) {
			return true
		}
	}
	return false
}
