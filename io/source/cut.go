package source

import "tripstats/transforms/element"

const (
	// minSegment is the least number of bytes of a segment that is a part of a file: opening a file takes time.
	minSegment = 2 << 20

	// fileBytes is the number of bytes whose reading takes as long as opening a file.
	fileBytes = 64 << 10
)

// cutter cuts a restriction into the parts that segments read. A large file is one segment, or several if it is large compared
// with what is left for each lane. So all lanes have work until the end. Several small files are one segment.
type cutter struct {
	pieces []element.Piece
	files  []element.WholeFiles // the files that follow the pieces
	first  int64                // the first unit of pieces[0], counted over all pieces and files
	at     int64                // the unit that comes next
	end    int64
	left   int64 // bytes, and what the files cost beside them
	err    error // the files could not be decoded; nothing follows
}

// newCutter returns a cutter of a range of the units of w. Units are counted over all pieces and files of w.
func newCutter(w element.Work, units element.Range) cutter {
	c := cutter{pieces: w.Pieces, files: w.Files, at: int64(units.Start), end: int64(units.End)}
	rest := c
	for rest.files = nil; rest.more(); {
		p, bytes := rest.part()
		c.left += bytes + fileBytes
		rest.skip(p)
	}
	first := 0
	for _, p := range w.Pieces {
		first += p.Units.End - p.Units.Start
	}
	for _, f := range w.Files {
		n := len(f.UnitBytes)
		if from, to := max(0, units.Start-first), min(n, units.End-first); from < to {
			for _, bytes := range f.UnitBytes[from:to] {
				c.left += bytes
			}
			c.left += fileBytes * int64(f.Count) * int64(to-from) / int64(n)
		}
		first += n
	}
	return c
}

// more goes to the piece that has the next unit, and tells whether there is one.
func (c *cutter) more() bool {
	for c.at < c.end {
		switch {
		case len(c.pieces) == 0 && (len(c.files) == 0 || c.err != nil):
			return false
		case len(c.pieces) == 0 && c.first+int64(len(c.files[0].UnitBytes)) <= c.at:
			c.first, c.files = c.first+int64(len(c.files[0].UnitBytes)), c.files[1:]
			continue
		case len(c.pieces) == 0:
			c.expand()
			continue
		}
		units := c.pieces[0].Units
		if next := c.first + int64(units.End-units.Start); next <= c.at {
			c.first, c.pieces = next, c.pieces[1:]
			continue
		}
		return true
	}
	return false
}

// expand decodes the files that come next, and makes a piece of each.
func (c *cutter) expand() {
	files, err := element.ExpandList[element.Recognised](c.files[0].Compact)
	if c.files = c.files[1:]; err != nil {
		c.err = err
		return
	}
	c.pieces = make([]element.Piece, len(files))
	for i, f := range files {
		c.pieces[i] = element.Piece{File: f, Units: all(f)}
	}
}

// file returns the file that comes next. There must be one.
func (c *cutter) file() *element.Recognised { return &c.pieces[0].File }

// part returns all that is left of the file that comes next, and its bytes. There must be one.
func (c *cutter) part() (part, int64) {
	units := c.pieces[0].Units
	shift := int64(units.Start) - c.first
	p := part{c.file(), element.Range{Start: int(c.at + shift), End: int(min(c.end+shift, int64(units.End)))}, shift}
	return p, p.bytes()
}

// bytes are those of the units, as far as they are known.
func (p part) bytes() (n int64) {
	sizes := p.file.UnitBytes
	for _, bytes := range sizes[min(p.units.Start, len(sizes)):min(p.units.End, len(sizes))] {
		n += bytes
	}
	return n
}

// skip moves past a part.
func (c *cutter) skip(p part) { c.at = int64(p.units.End) - p.shift }

// head returns the first part of the next segment, and its bytes: see [cutter.next].
func (c *cutter) head(lanes int, least int64) (part, int64) {
	p, bytes := c.part()
	if lanes > 1 {
		if most := max(c.fair(lanes), least); bytes > most {
			return upTo(p, bytes, most)
		}
	}
	return p, bytes
}

// fair is how many bytes a segment has if all have about the same.
func (c *cutter) fair(lanes int) int64 { return c.left / int64(2*lanes) }

// next returns the parts of the next segment. lanes is how many segments are read side by side. A part of a file has at least
// least bytes, or is one unit.
func (c *cutter) next(lanes int, least int64) []part {
	share := int64(sharedBytes)
	if lanes > 1 {
		share = min(share, c.fair(lanes))
	}
	p, bytes := c.head(lanes, least)
	parts := []part{p}
	c.skip(p)
	taken := bytes + fileBytes
	for p.units.End == len(p.file.UnitRows) && c.more() {
		if p, bytes = c.part(); taken+bytes+fileBytes > share {
			break
		}
		parts = append(parts, p)
		c.skip(p)
		taken += bytes + fileBytes
	}
	c.left -= taken
	return parts
}

// upTo returns the first units of p that together have most bytes, and their bytes. It returns all units if few would be left. all is the
// number of bytes of p.
func upTo(p part, all, most int64) (part, int64) {
	bytes := int64(0)
	for unit := p.units.Start; unit < p.units.End; unit++ {
		if bytes += p.file.UnitBytes[unit]; bytes >= most && all-bytes > most/2 {
			p.units.End = unit + 1
			break
		}
	}
	return p, bytes
}
