package kept

import (
	"encoding/json"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Inputs travel to the worker that publishes. As JSON they are compressed: there may be tens of thousands, much alike, and services limit the
// size of a job.
type Inputs []Input

var compressor = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) })

// MarshalJSON returns the compressed inputs as a string in base64, or null for none.
func (list Inputs) MarshalJSON() ([]byte, error) {
	if len(list) == 0 {
		return []byte("null"), nil
	}
	content, err := json.Marshal([]Input(list))
	if err != nil {
		return nil, err
	}
	enc, err := compressor()
	if err != nil {
		return nil, err
	}
	return json.Marshal(enc.EncodeAll(content, nil))
}

// UnmarshalJSON reads what MarshalJSON returns.
func (list *Inputs) UnmarshalJSON(b []byte) error {
	var packed []byte
	if err := json.Unmarshal(b, &packed); err != nil || packed == nil {
		*list = nil
		return err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer dec.Close()
	content, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, (*[]Input)(list))
}
