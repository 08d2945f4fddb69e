package tlc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// Source is where TLC publishes its files: the addresses on its page of trip record data.
const Source = "https://d37ci6vzurychx.cloudfront.net/trip-data"

func monthOf(year, month int) int32 { return int32((year-1970)*12 + month - 1) }

// FileName is TLC's name of a month's file: yellow_tripdata_2014-01.parquet.
func FileName(taxi string, month int32) string {
	return fmt.Sprintf("%s_tripdata_%s.parquet", taxi, FormatMonth(month))
}

// Prefix is how the addresses of all months' files of a source begin.
func Prefix(source string) string {
	if before, _, ok := strings.Cut(source, "{year}"); ok {
		return before
	}
	return objstore.Join(source, "")
}

// Finder finds months' files in a source: a folder, a bucket or a web server.
type Finder struct {
	Source string
	Taxi   string
	Access objstore.Access
	Pause  time.Duration // before a source that seems to be slowing us down is asked again; it doubles. 0: 5 seconds
	AtOnce int           // months asked for side by side. 0: 4

	retrying *sync.Mutex // held by the month that is asked for again
}

// MonthFile is the file of a month, or says that there is none.
type MonthFile struct {
	Month  int32
	Object objstore.Object
	Absent bool
}

// absentAtEnd is how many months in a row must be absent before an open range ends, in a source that cannot be listed.
// TLC's own files have no gap.
const absentAtEnd = 6

// latest is a month that nobody has records of, so that a source that answers to everything is found out.
var latest = monthOf(2200, 1)

// Find returns the months of a range, in order, with those that are absent. An open range ends with the last month that
// is there. A folder or a bucket is listed to find it. A web server is asked month by month, at least to the probe
// month, until absentAtEnd months in a row are absent.
func (f Finder) Find(ctx context.Context, r Range) ([]MonthFile, error) {
	f.retrying = new(sync.Mutex)
	if r.Open && !f.web() {
		var err error
		if r.Last, err = f.last(ctx); err != nil {
			return nil, err
		}
		r.Open = false
	}
	atOnce := int32(f.AtOnce)
	if atOnce == 0 {
		atOnce = 4
	}
	var found []MonthFile
	for next := r.First; r.Open || next <= r.Last; next += atOnce {
		if next > latest {
			return nil, fmt.Errorf("%s: found a file of %s: this source has everything that it is asked for", objstore.Redact(f.Source), FormatMonth(next-1))
		}
		last := next + atOnce - 1
		if !r.Open {
			last = min(last, r.Last)
		}
		asked, err := f.findMonths(ctx, next, last)
		if err != nil {
			return nil, err
		}
		found = append(found, asked...)
		if r.Open {
			there := len(found)
			for there > 0 && found[there-1].Absent {
				there--
			}
			if len(found)-there >= absentAtEnd && last > probeMonth(f.Taxi) {
				return found[:there], nil
			}
		}
	}
	return found, nil
}

// web tells whether the source is a web server, which cannot be listed.
func (f Finder) web() bool {
	scheme, _ := objstore.Scheme(f.Source)
	return scheme == "https" || scheme == "http"
}

// last returns the last month that a source has which can be listed; without any, a month before all.
func (f Finder) last(ctx context.Context) (int32, error) {
	type listing struct {
		prefix  string
		slashes int
	}
	flat := listing{objstore.Join(f.Source, f.Taxi+"_tripdata_"), 0}
	listings := []listing{flat, {objstore.Join(f.Source, "20"), 1}}
	if before, after, ok := strings.Cut(f.Source, "{year}"); ok {
		listings = []listing{{before, strings.Count(strings.TrimRight(after, "/"), "/") + 1}}
	}
	last := int32(-1)
	for _, l := range listings {
		objects, err := f.Access.List(ctx, l.prefix, l.slashes)
		if err != nil {
			return 0, fmt.Errorf("%s: to list it, as the last month is not given: %w", objstore.Redact(l.prefix), err)
		}
		for _, o := range objects {
			if m, ok := MonthOf(path.Base(filepath.ToSlash(o.URI))); ok && m > last && slices.Contains(f.places(m), o.URI) {
				last = m
			}
		}
	}
	return last, nil
}

// findMonths looks for several months at the same time. The first error ends it.
func (f Finder) findMonths(ctx context.Context, from, to int32) ([]MonthFile, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	months := make([]MonthFile, to-from+1)
	var wg sync.WaitGroup
	for i := range months {
		wg.Go(func() {
			var err error
			if months[i], err = f.findMonth(ctx, from+int32(i)); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return months, context.Cause(ctx)
}

const (
	tries  = 7 // if the probe month is refused in all of them, the source is given up
	rounds = 6 // if a month is refused in all of them and the probe month in none, the month is absent
)

// findMonth looks for a month. A source such as TLC's answers 403 both for an absent file and to a client that asks too
// often. So after a 403 it asks again, in turns with the probe month, which is known to be published. The month is absent only if
// the probe month is there every time and the month never. If the probe month is refused too, it waits and asks again.
func (f Finder) findMonth(ctx context.Context, month int32) (MonthFile, error) {
	m, err := f.ask(ctx, month)
	if err == nil {
		return m, nil
	}
	if !objstore.Refused(err) || !f.web() { // only a web server is asked again
		return m, fmt.Errorf("%s: %w", objstore.Redact(f.places(month)[0]), err)
	}
	f.retrying.Lock() // one month at a time, because the source may be slowing us down
	defer f.retrying.Unlock()
	pause := f.Pause
	if pause == 0 {
		pause = 5 * time.Second
	}
	for try := 1; ; try++ {
		m, slowed, err := f.askAgain(ctx, month)
		if !slowed {
			return m, err
		}
		if try == tries {
			return m, fault.Advised(objstore.Temporary(fmt.Errorf("%s: %w; so is %s, which is published: the source refuses everything, or slows us down: try again later, or give --source", FileName(f.Taxi, month), err, FileName(f.Taxi, probeMonth(f.Taxi)))))
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Minute)
		case <-ctx.Done():
			return m, ctx.Err()
		}
	}
}

// askAgain finds out whether a month that was refused is absent. slowed tells that the probe month was refused too.
func (f Finder) askAgain(ctx context.Context, month int32) (m MonthFile, slowed bool, err error) {
	for range rounds {
		// Order and number are random, so that a source that refuses every n-th request does not always refuse the same month.
		for _, who := range rand.Perm(2 + rand.N(2)) {
			if who == 0 {
				if m, err = f.ask(ctx, month); !objstore.Refused(err) {
					return m, false, err
				}
				continue
			}
			switch known, probe := f.ask(ctx, probeMonth(f.Taxi)); {
			case probe == nil && known.Absent:
				return m, false, fmt.Errorf("%s: it is refused, and whether that means that it is not there cannot be found out, as %s is not there: name the months that are", FileName(f.Taxi, month), FileName(f.Taxi, probeMonth(f.Taxi)))
			case objstore.Refused(probe):
				return m, true, probe
			case probe != nil:
				return m, false, fmt.Errorf("%s: it is refused, and whether that means that it is not there could not be found out: %w", FileName(f.Taxi, month), probe)
			}
		}
	}
	return MonthFile{Month: month, Absent: true}, false, nil
}

// ask asks for a month once.
func (f Finder) ask(ctx context.Context, month int32) (MonthFile, error) {
	m := MonthFile{Month: month, Absent: true}
	for _, place := range f.places(month) {
		o, err := f.Access.Stat(ctx, place)
		switch {
		case err == nil:
			o.Name = path.Base(o.Name)
			return MonthFile{Month: month, Object: o}, nil
		case !errors.Is(err, fs.ErrNotExist):
			return m, err
		}
	}
	return m, nil
}

// places are the addresses that a month's file may have. On a web server files lie side by side, unless the source says {year}; in a
// folder or a bucket they may also lie in one of their year, as fetch lays them.
func (f Finder) places(month int32) []string {
	name, year := FileName(f.Taxi, month), FormatMonth(month)[:4]
	if strings.Contains(f.Source, "{year}") {
		return []string{objstore.Join(strings.ReplaceAll(f.Source, "{year}", year), name)}
	}
	flat := objstore.Join(f.Source, name)
	if f.web() {
		return []string{flat}
	}
	return []string{objstore.Join(f.Source, year+"/"+name), flat}
}
