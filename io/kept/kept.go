// Package kept stores kept results with the version of an output. A kept result is what the trips of one taxi in one file add up to. With it
// a later run need not read the file again. A version has an [Index] in the file [IndexName], and the results that its run made in the file
// [StatesName].
//
// A run uses a kept result only if three things are the same as before: the token of the file, the digest of everything that decides the
// result, and the digest of the result's bytes. Otherwise it reads the file again.
package kept

import "tripstats/transforms/element"

// The files of a version. Nothing below the state folder of an output may end with .parquet.
const (
	IndexName  = "kept.json"
	StatesName = "kept.bin"
)

// Format is the version of the form and the meaning of indexes and packed results. Increase it when this program would compute another
// result from the same file.
const Format = 1

// Index lists the files that a version of an output was made of, and where their kept results are.
type Index struct {
	Seal     string  `json:"seal"` // see [Index.Encode]
	Format   int     `json:"format"`
	Identity string  `json:"identity"` // digest of all that decides the tables: settings, tables, and inputs with their tokens
	Inputs   []Input `json:"inputs"`   // sorted by source
}

// Input is one file. Each part of a dataset has an Input of its own.
type Input struct {
	Source  string             `json:"source"`
	URI     string             `json:"uri"`   // without secrets
	Token   string             `json:"token"` // objstore.Object.Token; "" if the results must not be used again
	Size    int64              `json:"size"`
	Reading string             `json:"reading"` // digest of what decides how the file is read and judged
	File    element.Recognised `json:"file"`    // for admission: see trip.Remember
	Results []Result           `json:"results"` // one for each taxi that counts; none if the file was left out

	Unusable *element.Unusable `json:"unusable,omitempty"` // in place of File, if the file was left out because no taxi's columns fit
}

// Result is what the trips of one taxi in a file add up to.
type Result struct {
	Taxi    string  `json:"taxi"`
	Rows    int64   `json:"rows"`
	Numbers string  `json:"numbers,omitempty"` // if not "", only a run with the same aggregate.Numbers may use the result
	Tables  []Table `json:"tables"`
	At      Ref     `json:"at"`
}

// Table is a table whose state is in a result.
type Table struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`          // of its Spec
	Alone  bool   `json:"alone,omitempty"` // only valid if no other file has trips of the same taxi and month
}

// Ref is where packed bytes are.
type Ref struct {
	File   string `json:"file"` // below the output
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}
