package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"tripstats/io/objstore"
)

// ReadmeName is the path, below the output, of a text for people who open the folder. It has a second purpose: pandas and pyarrow, given the
// folder, take all files below it as parts of one table, and drop the columns that the first file does not have. They pass over names that
// begin with _ or a dot. This file they try to read, and fail with an error that names it.
const ReadmeName = "README.txt"

// readme is the same for all outputs, so that it need not change when an output does.
const readme = `These are tables made by tripstats. Each folder here is a table of its own. Read one table at a time, as with pandas:

    pandas.read_parquet("trip_stats/trip_stats.parquet")
    deltalake.DeltaTable("trip_stats").to_pandas()          (if trip_stats has a folder _delta_log)

Did a program fail because this file is not parquet? Then it was given the whole folder. Without this file it would have
mixed the rows of different tables.

_manifest.json says which inputs the tables were made from. The folder .tripstats belongs to tripstats: do not change it.
Examples for DuckDB, pandas, Polars, Excel and others: tripstats help recipes
`

// addReadme writes the text beside the tables if there is no file of this name. It does not replace a file of the user, which serves the second
// purpose as well.
func (f *forwarding) addReadme(ctx context.Context) (made bool, err error) {
	if _, err := f.access.Stat(ctx, objstore.Join(f.output, ReadmeName)); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // also if it cannot be looked at: no reader of one table needs it
	}
	_, err = f.lock.Put(ctx, ReadmeName, []byte(readme), objstore.Condition{Absent: true})
	if errors.Is(err, objstore.ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", ReadmeName, objstore.Reason(err))
	}
	return true, nil
}
