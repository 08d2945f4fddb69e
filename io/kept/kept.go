// Package kept stores what each input added up to with the version of an output, so that a later run does not read again what has
// not changed. A version has an [Index], in the file [IndexName], and one file [StatesName] with the packed results that the run made.
//
// Kept results are never believed without proof: a result is used only if its input has the token that it had, if everything that
// decides the result has the same digest, and if its bytes have the digest in the index. Otherwise the input is read again.
package kept

import "tripstats/transforms/element"

// The files of a version. Nothing below the state folder of an output may end with .parquet.
const (
	IndexName  = "kept.json"
	StatesName = "kept.bin"
)

// Format is the version of the form of an index and of packed results, and of what the program takes them to mean. It goes up when
// the same input would add up to something else.
const Format = 1

// Index says what a version of an output was made of, and where the results are.
type Index struct {
	Seal     string  `json:"seal"` // see [Index.Encode]
	Format   int     `json:"format"`
	Identity string  `json:"identity"` // digest of all that decides the tables: settings, tables, and inputs with their tokens
	Inputs   []Input `json:"inputs"`   // sorted by source
}

// Input is one file of an input. A part of a dataset is an input of its own.
type Input struct {
	Source  string             `json:"source"`
	URI     string             `json:"uri"`   // without secrets
	Token   string             `json:"token"` // objstore.Object.Token; "" if the results must not be used again
	Size    int64              `json:"size"`
	Reading string             `json:"reading"` // digest of what decides how the file is read and judged
	File    element.Recognised `json:"file"`    // as admission needs it: see trip.Remember
	Results []Result           `json:"results"` // one for each taxi that counts; none if the file was left out

	Unusable *element.Unusable `json:"unusable,omitempty"` // in place of File, if the file was left out because no taxi's columns fit
}

// Result is what the trips of one taxi in a file add up to.
type Result struct {
	Taxi    string  `json:"taxi"`
	Rows    int64   `json:"rows"`
	Numbers string  `json:"numbers,omitempty"` // if not "", the result is good only for a run with the same aggregate.Numbers
	Tables  []Table `json:"tables"`
	At      Ref     `json:"at"`
}

// Table is a table whose state is in a result.
type Table struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`          // of its Spec
	Alone  bool   `json:"alone,omitempty"` // the state is good only while no other file has trips of the same taxi and month
}

// Ref is where packed bytes are.
type Ref struct {
	File   string `json:"file"` // below the output
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}
