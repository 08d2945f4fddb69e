package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

// step changes something and runs the program. It tells whether all was as it should be.
func (w *world) step() bool {
	for range 1 + w.random.IntN(2) {
		w.change()
	}
	r := w.draw()
	if r == nil {
		return true
	}
	if w.have != nil && w.chance(15) {
		w.damage()
		r.readable = false
		if r.existing == "extend" && r.codes[0] == 0 && w.isGone(r) {
			r.codes = []int{0, 3, 5}
		}
	}
	if slices.Equal(r.codes, []int{0}) && w.chance(15) {
		w.kill(r)
	}
	before := w.contents(w.out)
	w.fetched = map[string]bool{}
	code, stdout, stderr := w.runs(append(r.args, "--output="+w.out))
	w.codes[code]++
	w.note("%s: exit code %d, expected %v\n%s", strings.Join(r.args, " "), code, r.codes, stderr)
	if !slices.Contains(r.codes, code) {
		w.note("WRONG: the exit code")
		return false
	}
	if code != 0 {
		if !maps.Equal(before, w.contents(w.out)) {
			w.note("WRONG: the run failed and changed the output")
			return false
		}
		return true
	}
	if r.readable {
		for name, f := range r.becomes.files {
			old, had := w.have.files[name]
			_, named := r.named[name]
			unchanged := had && bytes.Equal(old.content, f.content) && f.dated
			if w.fetched[name] && (unchanged || !named) {
				w.note("WRONG: %s has not changed and was read", name)
				return false
			}
			if unchanged {
				w.reused++
			}
		}
	}
	w.have = &r.becomes
	w.broken = w.broken && !strings.Contains(stderr, "committed=true") // what was damaged is made anew
	return w.isRight(stdout) && w.repeats(r)
}

func (w *world) runs(args []string) (code int, stdout, stderr string) {
	var o, e bytes.Buffer
	code = int(run(w.t.Context(), args, &o, &e, new(progress)))
	return code, o.String(), e.String()
}

// isRight compares the output with that of a run over what it should have that makes no use of anything that is kept.
func (w *world) isRight(stdout string) bool {
	objects, names := map[string][]byte{}, []string{}
	for _, files := range []map[string]seqFile{w.have.files, w.have.leftOut} {
		for name, f := range files {
			objects[name] = f.content
		}
	}
	web := fakes.NewWeb(w.t, objects)
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		names = append(names, web.URL+"/"+name)
	}
	fresh := filepath.Join(w.t.TempDir(), "fresh")
	code, want, stderr := w.runs(append(w.have.flags(w.t), "--input="+strings.Join(names, ","), "--reuse=false", "--output="+fresh))
	if code != 0 {
		w.note("WRONG: a fresh run over what it should have: exit code %d\n%s", code, stderr)
		return false
	}
	if found, expected := w.tables(w.out), w.tables(fresh); !maps.Equal(found, expected) {
		w.note("WRONG: found the tables %v, expected %v", slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(expected)))
		for name, table := range expected {
			if found[name] != table {
				w.note("WRONG: the table %s", name)
			}
		}
		return false
	}
	if found, expected := w.manifest(w.out), w.manifest(fresh); found != expected {
		w.note("WRONG: found the manifest\n%s\nexpected\n%s", found, expected)
		return false
	}
	if found, expected := sortedLines(strings.ReplaceAll(stdout, w.out, "")), sortedLines(strings.ReplaceAll(want, fresh, "")); found != expected {
		w.note("WRONG: found on stdout\n%s\nexpected\n%s", found, expected)
		return false
	}
	if !w.ever {
		if code, stdout, stderr := w.runs([]string{"check", w.out}); code != 0 {
			w.note("WRONG: check finds\n%s%s", stdout, stderr)
			return false
		}
	}
	return true
}

// sortedLines has the lines of a text in an order of their own, because the tables of an output that was extended are in another order.
func sortedLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// repeats runs the same again, now and then: there is nothing to do.
func (w *world) repeats(r *seqRun) bool {
	readsAll := func(arg string) bool { return arg == "--reuse=false" || strings.HasPrefix(arg, "--quarantine") }
	if !w.chance(20) || slices.ContainsFunc(r.args, readsAll) {
		return true
	}
	before := w.contents(w.out)
	w.fetched = map[string]bool{}
	code, _, stderr := w.runs(append(r.args, "--output="+w.out))
	if code != 0 || !strings.Contains(stderr, "committed=false") || len(w.fetched) > 0 || !maps.Equal(before, w.contents(w.out)) {
		w.note("WRONG: the same again: exit code %d, %v was read, expected nothing to do\n%s", code, w.fetched, stderr)
		return false
	}
	return true
}

// contents are the files below a folder.
func (w *world) contents(dir string) map[string]string {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = string(content)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return found
}

// tables are the copies of the tables of an output, by name.
func (w *world) tables(dir string) map[string]string {
	found := w.contents(dir)
	maps.DeleteFunc(found, func(path, _ string) bool { return !strings.HasSuffix(path, ".parquet") })
	return found
}

// manifest is what a manifest says of inputs and tables, without what names places and runs.
func (w *world) manifest(dir string) string {
	content, err := os.ReadFile(filepath.Join(dir, "_manifest.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"commit", "flags", "left_out", "settings", "quarantine"} {
		delete(m, name)
	}
	for list, place := range map[string]string{"inputs": "uri", "outputs": "path"} {
		all, _ := m[list].([]any)
		for _, one := range all {
			if fields, is := one.(map[string]any); is {
				delete(fields, place)
			}
		}
		// An output that was extended has its tables in the order in which they came.
		slices.SortFunc(all, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// damage damages something that is kept with a version.
func (w *world) damage() {
	all, err := filepath.Glob(filepath.Join(w.out, ".tripstats", "v", "*", "kept.*"))
	if err != nil || len(all) == 0 {
		return
	}
	path := pick(w, all...)
	content, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	how := pick(w, "removed", "cut short", "a bit flipped", "another's")
	switch {
	case how == "removed" || len(content) == 0:
		err = os.Remove(path)
	case how == "cut short":
		err = os.WriteFile(path, content[:w.random.IntN(len(content))], 0o600)
	case how == "another's":
		other, unread := os.ReadFile(pick(w, all...))
		err = errors.Join(unread, os.WriteFile(path, other, 0o600))
	default:
		content[w.random.IntN(len(content))] ^= 1 << w.random.IntN(8)
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.broken, w.ever = true, true
	w.note("damaged %s: %s", strings.TrimPrefix(path, w.out), how)
}

// kill starts the run in a process of its own and kills it at a random moment, if it is not over by then.
func (w *world) kill(r *seqRun) {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.fetched = map[string]bool{}
	cmd := exec.Command(self, append(slices.Clone(r.args), "--output="+w.out)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	after := time.Duration(w.random.Int64N(int64(150 * time.Millisecond)))
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may be over already
	_ = cmd.Wait()                                                    // the next run tells what became of it
	timer.Stop()
	r.readable = false
	w.note("killed after %v: %v", after, cmd.ProcessState)
}
