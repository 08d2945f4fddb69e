package parquetio

import (
	"fmt"

	"tripstats/transforms/element"
)

// The limits on the rows in a footer. Columns with only nulls take almost no bytes: a footer that claims 10^12 such rows would
// keep a core busy for hours. Trips have times, which take far more bytes per row than these limits.
const (
	maxRowsOfGroup = 1 << 31
	freeRows       = 1 << 24 // whatever the size of the file
	maxRowsPerByte = 1 << 10 // beyond those
)

// checkRows refuses a file that is to be read for more rows than its bytes can tell of.
func checkRows(f element.Recognised) error {
	most, total := int64(freeRows)+maxRowsPerByte*f.Size, int64(0)
	for i, n := range f.UnitRows {
		if n < 0 || n > maxRowsOfGroup {
			return fmt.Errorf("footer: row group %d: found %d rows, at most %d are read; write the file anew with smaller row groups", i, n, int64(maxRowsOfGroup))
		}
		if total += n; total > most {
			return fmt.Errorf("footer: found %d rows up to row group %d in a file of %d bytes, at most %d are read; the file is damaged: fetch it again", total, i, f.Size, most)
		}
	}
	return nil
}
