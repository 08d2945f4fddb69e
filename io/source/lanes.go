package source

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// AllCores means that as many segments are read side by side as keep the process's cores busy: see [Config].
const AllCores = -1

// lanes reads a restriction in segments, several of them side by side. Each is opened and decoded by a goroutine of its own, ahead of
// whoever gets the batches, within bounds. There are as many as keep the cores busy. Only one goroutine, that of
// ProcessElement, claims units and decides the order of the batches: it calls next and release.
//
// A segment begins when its first batch is taken. All its units are claimed then, and before them those of every segment before it, so
// that claims ascend. A single lane claims each unit only when it reaches it. A claim fails in two cases: a
// split took the unit away, which happens only where the work is dealt out to several workers; or the tracker has an error, which the runner reports.
type lanes struct {
	cfg   Config
	ctx   context.Context
	claim func(unit int64) bool
	cores float64 // to be kept busy
	batch int     // how many batches are given at once, at most
	ahead int64   // how many bytes may wait to be taken

	wake chan struct{} // has one if there is something new

	mu       sync.Mutex
	rest     cutter
	upcoming int64      // what nextFooter returns; -1 if that is not known yet
	open     []*segment // in their order
	waiting  int64      // how many bytes wait in all segments
	decoded  int        // how many files are decoded and wait to be closed
	stopped  bool       // no further segment is opened, because a unit could not be claimed or a segment failed
	short    bool       // a unit could not be claimed

	// Only the goroutine that calls next and release uses these. They may have batches that were given.
	abandoned []*segment // which read no further
	given     []item
	last      *segment // which gave the last batch
	finished  []*opened
	whole     []item // the ends of units whose batches were given
	over      []*segment
}

// manyCores is from how many cores on a list may have a batch for each: what is not done side by side would else hold up the others.
const manyCores = 8

// newLanes begins to read a restriction. The caller must close it.
func newLanes(ctx context.Context, cfg Config, w element.Work, units element.Range, claim func(unit int64) bool) *lanes {
	l := &lanes{cfg: cfg, claim: claim, upcoming: -1, cores: float64(runtime.GOMAXPROCS(0)), ahead: cfg.Memory.readAhead(), wake: make(chan struct{}, 1)}
	l.ctx = ctx
	if l.batch = int(l.cores); l.batch < manyCores {
		l.batch /= 2 // decoding keeps the others busy
	}
	if cfg.Lanes != AllCores {
		l.batch = cfg.Lanes / 2
	}
	l.batch = max(1, l.batch)
	l.rest = newCutter(w, units)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fill()
	return l
}

// single tells whether segments are read one after the other.
func (l *lanes) single() bool { return l.cfg.Lanes == 0 || l.cfg.Lanes == 1 }

// side is how many segments like one of a file are read side by side.
func (l *lanes) side(f *element.Recognised) int {
	if l.cfg.Lanes != AllCores {
		return max(1, l.cfg.Lanes)
	}
	return max(1, int(math.Ceil(l.cores/max(1, f.Cores))))
}

// least is the least number of bytes of a segment that is a part of a file.
func (l *lanes) least() int64 {
	if l.cfg.Lanes != AllCores {
		return 1
	}
	return minSegment
}

// fill opens segments until the cores are busy or enough waits. The caller holds the lock.
func (l *lanes) fill() {
	for !l.stopped && l.ctx.Err() == nil && l.rest.more() && l.idle() {
		f := l.rest.file()
		side := l.side(f)
		ahead := l.aheadNow()
		s := &segment{lanes: l, cfg: l.cfg, cores: max(1, f.Cores), room: sync.NewCond(&l.mu), ahead: ahead / int64(side)}
		s.parts, l.upcoming = l.rest.next(side, l.least()), -1
		for _, p := range s.parts {
			s.footer += p.footerBytes()
		}
		s.claimed = s.firstUnit()
		if side > 1 || ahead < l.ahead {
			s.cfg.Ahead = int(max(1, ahead/int64(side+1)/int64(max(1, len(f.Projection)))/batchBytes))
		}
		l.open = append(l.open, s)
		s.start(l.ctx)
	}
}

// aheadNow is how many bytes may be read ahead. If groups take more than their room, it is less than ahead, but at least a quarter of it.
func (l *lanes) aheadNow() int64 {
	if l.cfg.Tables == 0 {
		return l.ahead
	}
	taken := element.GroupsHeld.Load() + element.GroupsOfFile.Load() - l.cfg.Memory.room()
	return max(l.ahead/4, l.ahead-max(0, taken))
}

// mostDecoded is how many files may be decoded and still open before their batches are taken. Files of few rows, or none, hardly take memory, but
// a process may have only so many open files.
const mostDecoded = 128

// batchBytes is what a batch of a column takes: 16,384 values of eight bytes.
const batchBytes = 128 << 10

// idle tells whether a further segment may be opened. The caller holds the lock.
func (l *lanes) idle() bool {
	if len(l.open) > 0 && (l.waiting >= l.ahead || l.decoded >= mostDecoded || l.footers()+l.nextFooter() > l.ahead) {
		return false
	}
	busy, running := 0.0, 0
	for _, s := range l.open {
		if !s.ended {
			busy += s.cores
			running++
		}
	}
	if l.cfg.Lanes != AllCores {
		return running < max(1, l.cfg.Lanes)
	}
	return busy < l.cores && (running == 0 || l.mayJoin())
}

// chunkBytes is roughly how many bytes of memory an open part of a file takes for each column chunk that is read, whatever the chunk's size.
const chunkBytes = 40

// fetchedBytes is roughly how many bytes more each of these column chunks takes in a remote file.
const fetchedBytes = 256

// footerBytes is roughly how many bytes of memory an open part takes for what it keeps of the footer.
func (p part) footerBytes() int64 {
	each := int64(chunkBytes)
	if objstore.Remote(p.file.URI) {
		each += fetchedBytes
	}
	return int64(p.units.End-p.units.Start) * int64(max(1, len(p.file.Projection))) * each
}

// footers is how many bytes the parts of all open segments take for what they keep of their footers. The caller holds the lock.
func (l *lanes) footers() (bytes int64) {
	for _, s := range l.open {
		bytes += s.footer
	}
	return bytes
}

// nextFooter is how many bytes the first part of the next segment takes for what is kept of its footer. It is asked for after every list of batches,
// and a file may have very many units, so the answer is kept. The caller holds the lock.
func (l *lanes) nextFooter() int64 {
	if l.upcoming < 0 {
		p, _ := l.rest.head(l.side(l.rest.file()), l.least())
		l.upcoming = p.footerBytes()
	}
	return l.upcoming
}

// mayJoin tells whether the file that comes next may be read beside the open segments. If tables hold groups of each file, at most
// [lanes.files] files may be read at the same time, and more than fewFiles only if there is room for the groups of all open files. The caller holds
// the lock.
func (l *lanes) mayJoin() bool {
	if l.cfg.Tables == 0 {
		return true
	}
	next := l.rest.file().Source
	read, open := map[string]bool{next: true}, map[string]bool{next: true}
	for _, s := range l.open {
		source := s.parts[len(s.parts)-1].file.Source
		open[source] = true
		if !s.ended {
			read[source] = true
		}
	}
	return len(read) <= l.files() && (len(read) <= fewFiles || l.haveRoom(len(open), l.rest.file()))
}

// files is how many files may have groups in memory at once, if there are tables with groups.
func (l *lanes) files() int { return max(1, int(l.cores)/max(1, l.cfg.Tables)) }

// fewFiles is how many files may be read at the same time, however much memory their groups take: the batches of the second file wait until the first
// file has ended.
const fewFiles = 2

// columnBytes is roughly how many bytes of memory an open file takes for each column that is decoded.
const columnBytes = 2 << 20

// haveRoom tells whether there is room for so many open files like f, and for their groups.
func (l *lanes) haveRoom(files int, f *element.Recognised) bool {
	each := element.GroupsOfFile.Load()
	return each > 0 && element.GroupsHeld.Load()+int64(files)*(each+int64(len(f.Projection))*columnBytes) <= l.cfg.Memory.room()
}

// tell wakes next.
func (l *lanes) tell() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next returns batches; an empty list is the end. It waits only if no batch is ready. Batches are valid until release is called. The batches
// of a unit come in their order. If several segments have errors, next returns the error of the first.
func (l *lanes) next() ([]item, error) {
	for {
		if err := l.ctx.Err(); err != nil {
			return nil, err
		}
		list, end, err := l.collect()
		if err != nil || end || len(list) > 0 {
			l.given = list
			return list, err
		}
		if err := l.release(); err != nil { // nothing is given, so what has ended can be closed
			return nil, err
		}
		select {
		case <-l.wake:
		case <-l.ctx.Done():
		}
	}
}

// collect takes the batches that are there, one of each segment in turn. end tells that there will be none.
func (l *lanes) collect() (list []item, end bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for more := true; more; {
		more = false
		for _, s := range l.inTurn() {
			at := slices.Index(l.open, s)
			if at < 0 || len(list) == l.batch || len(list) > 0 && l.oneByOne() && s.ofAnotherFile(list[0].columns.Source) {
				continue // it was dropped meanwhile, or its file must wait
			}
			it, state := l.take(s)
			switch state {
			case aBatch:
				list, more = append(list, it), true
				l.last = s
			case over, cutShort:
				l.open = slices.Delete(l.open, at, at+1)
				if state == cutShort {
					l.drop(at)
				}
				more = true
			case broken:
				l.stopped = true
				if at == 0 && len(list) == 0 {
					if it.panicked != nil {
						panic(it.panicked)
					}
					return nil, false, it.err
				}
				l.drop(at + 1) // what is before it goes on: it may have an error too, which is then that of the first
			}
		}
	}
	l.fill()
	if end = len(list) == 0 && len(l.open) == 0 && (l.stopped || !l.rest.more()); end {
		err = l.rest.err
	}
	return list, end, err
}

// inTurn returns the segments that may give a batch, those first whose turn it is. If a list has one batch, it is of
// the first segment that has one, so that files end one after the other. If groups take much memory, longer lists too have batches of the
// first file only: the groups of a file take less memory when the file has ended.
func (l *lanes) inTurn() []*segment {
	switch {
	case len(l.open) == 0:
		return nil
	case l.single():
		return l.open[:1:1]
	case l.oneByOne():
		return slices.Clone(l.open[:l.ofFirstFile()])
	case l.batch == 1:
		return slices.Clone(l.open)
	}
	at := slices.Index(l.open, l.last) + 1
	return slices.Concat(l.open[at:], l.open[:at])
}

// oneByOne tells whether the batches of one file must all come before those of the next file, because the groups take much memory.
// The caller holds the lock.
func (l *lanes) oneByOne() bool {
	if element.Groups.Load() > l.cfg.Memory.groups() {
		return true
	}
	return l.cfg.Tables > 0 && (l.files() == 1 || !l.haveRoom(fewFiles, l.open[0].parts[0].file))
}

// ofFirstFile returns how many of the open segments are of the first file.
func (l *lanes) ofFirstFile() int {
	first := l.open[0].parts
	n := slices.IndexFunc(l.open[1:], func(s *segment) bool { return s.parts[0].file.Source != first[len(first)-1].file.Source })
	if n < 0 {
		return len(l.open)
	}
	return 1 + n
}

// drop abandons the segments from a place on. The caller holds the lock.
func (l *lanes) drop(from int) {
	l.abandoned = append(l.abandoned, l.open[from:]...)
	l.open = l.open[:from:from]
}

// state says what [lanes.take] found.
type state int

const (
	nothing  state = iota // there is no item yet
	aBatch                // which is returned
	over                  // the segment is over
	cutShort              // a unit of the segment could not be claimed, so nothing that follows is read
	broken                // the segment has an error, which is returned and stays in the queue
)

// take takes the next batch of a segment out of its queue. The caller holds the lock.
func (l *lanes) take(s *segment) (item, state) {
	for len(s.queue) > 0 {
		it := s.queue[0]
		if it.file == nil && !l.claimed(s, it.unit) {
			l.stopped, l.short = true, true
			l.abandoned = append(l.abandoned, s)
			return it, cutShort
		}
		if it.err != nil || it.panicked != nil {
			return it, broken
		}
		s.pop()
		if it.bytes > 0 {
			return it, aBatch
		}
		if it.file != nil {
			l.finished = append(l.finished, it.file)
		}
		if it.ended != nil {
			l.whole = append(l.whole, it)
		}
	}
	if s.ended {
		l.over = append(l.over, s)
		return item{}, over
	}
	return item{}, nothing
}

// claimed claims what must be claimed before a unit of a segment is given, and tells whether the unit is.
func (l *lanes) claimed(s *segment, unit int64) bool {
	if l.single() {
		if unit >= s.claimed && !l.short && l.claim(unit) {
			s.claimed = unit + 1
		}
		return unit < s.claimed
	}
	for _, earlier := range l.open {
		l.begin(earlier)
		if earlier == s {
			break
		}
	}
	return unit < s.claimed
}

// begin claims all units of a segment, once.
func (l *lanes) begin(s *segment) {
	if s.begun {
		return
	}
	s.begun = true
	for end := s.endUnit(); s.claimed < end && !l.short; {
		if l.claim(s.claimed) {
			s.claimed++
		} else { // the tracker has an error: see [lanes]
			l.stopped, l.short = true, true
		}
	}
}

// release takes back what next gave last, and closes the files that have ended. If one of them has changed, what was given of it is wrong.
func (l *lanes) release() error {
	l.takeBack()
	for _, it := range l.whole {
		l.cfg.unitDone(*it.ended, it.inFile)
	}
	l.whole = l.whole[:0]
	var errs []error
	for _, o := range l.finished {
		errs = append(errs, o.changed(l.ctx, nil), o.close())
	}
	for _, s := range l.over {
		s.cancel()
	}
	l.finished, l.over = l.finished[:0], l.over[:0]
	for _, s := range l.abandoned {
		for _, o := range s.abandon() {
			if s.claimed > s.firstUnit() {
				errs = append(errs, o.changed(l.ctx, nil))
			}
			errs = append(errs, o.close())
		}
	}
	l.abandoned = nil
	return errors.Join(errs...)
}

func (l *lanes) takeBack() {
	for i := range l.given {
		l.given[i].batch.release()
	}
	l.given = nil
}

// close ends all goroutines and closes all files. Nobody may read a batch any more.
func (l *lanes) close() {
	l.takeBack()
	l.mu.Lock()
	l.stopped = true
	l.drop(0)
	l.mu.Unlock()
	for _, s := range slices.Concat(l.abandoned, l.over) {
		l.finished = append(l.finished, s.abandon()...)
	}
	for _, o := range l.finished {
		o.close() //nolint:errcheck // there is another error, or nothing that follows counts
	}
	l.abandoned, l.finished, l.over = nil, nil, nil
}
