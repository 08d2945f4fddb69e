package publish

import (
	"bytes"
	"encoding/json"
	"io"
)

// noInputs is where the inputs stand in the JSON of a manifest without inputs. No text in it has a line end.
const noInputs = "\n  \"inputs\": []"

// encode returns the manifest as it is stored: JSON with each value on a line. It encodes the inputs one by one, because the JSON package would
// hold all of them in three copies: there may be tens of thousands.
func (m *Manifest) encode() []byte {
	var b, around bytes.Buffer
	if len(m.Inputs) == 0 {
		encodeJSON(&b, "", m)
		return b.Bytes()
	}
	rest := *m
	rest.Inputs = []Input{}
	encodeJSON(&around, "", rest)
	head, tail, _ := bytes.Cut(around.Bytes(), []byte(noInputs))
	b.Write(head)
	b.WriteString(noInputs[:len(noInputs)-1])
	for i, in := range m.Inputs {
		if i > 0 {
			b.Truncate(b.Len() - 1) // the line end
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		encodeJSON(&b, "    ", in)
		if i == sampleOfInputs {
			b.Grow(b.Len() / i * (len(m.Inputs) - i) / 16 * 17) // to grow step by step would take twice as much
		}
	}
	b.WriteString("  ]")
	b.Write(tail)
	return b.Bytes()
}

// sampleOfInputs is how many inputs tell about how long the encoded inputs are.
const sampleOfInputs = 64

// encodeJSON writes a value and a line end. All lines but the first begin with prefix.
func encodeJSON(w io.Writer, prefix string, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(v); err != nil { // every field of a manifest can be encoded
		panic(err)
	}
}
