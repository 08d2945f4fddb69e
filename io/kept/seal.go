package kept

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
)

// Encode returns an index as the version in a folder has it. It is sealed: it begins with the SHA-256 of the folder's path and of all that
// follows, so that an index is not believed that is damaged, or that another version has.
func (x *Index) Encode(dir string) ([]byte, error) {
	x.Seal = strings.Repeat("0", 2*sha256.Size) // the seal takes its place: a copy of the content may be large
	content, err := json.Marshal(x)
	x.Seal = ""
	if err != nil {
		return nil, err
	}
	rest := content[len(sealStart)+2*sha256.Size:]
	copy(content[len(sealStart):], seal(dir, rest))
	return content, nil
}

// ErrSeal says that an index is damaged, or that another version has it.
var ErrSeal = errors.New("found another index than the run of this version has written")

// Decode returns the index of the version in a folder. The error wraps [ErrSeal] if it is not the one that the version had.
func Decode(dir string, content []byte) (*Index, error) {
	x := new(Index)
	if err := json.Unmarshal(content, x); err != nil {
		return nil, err
	}
	rest, begins := bytes.CutPrefix(content, []byte(sealStart+x.Seal))
	if !begins || seal(dir, rest) != x.Seal {
		return nil, ErrSeal
	}
	return x, nil
}

// sealStart is what an index begins with: Seal is the first field.
const sealStart = `{"seal":"`

func seal(dir string, rest []byte) string {
	h := sha256.New()
	h.Write([]byte(dir + "\n")) //nolint:errcheck // never fails
	h.Write(rest)               //nolint:errcheck // never fails
	return hex.EncodeToString(h.Sum(nil))
}
