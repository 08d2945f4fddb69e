package publish

import (
	"bytes"
	"encoding/json"
	"io"
)

// noInputs is the text that a manifest without inputs has in place of its inputs. It occurs once in the JSON, because JSON strings contain no
// line ends.
const noInputs = "\n  \"inputs\": []"

// encode returns the manifest as it is stored: JSON with one value per line. It encodes the inputs one by one, because there may be tens of
// thousands and the JSON package would hold three copies of all of them.
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
			b.Grow(b.Len() / i * (len(m.Inputs) - i) / 16 * 17) // growing step by step would take twice the memory
		}
	}
	b.WriteString("  ]")
	b.Write(tail)
	return b.Bytes()
}

// sampleOfInputs is the number of inputs from which the length of all encoded inputs is estimated.
const sampleOfInputs = 64

// encodeJSON writes a value as JSON, and a line end. All lines except the first begin with prefix.
func encodeJSON(w io.Writer, prefix string, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(v); err != nil { // every field of a manifest can be encoded
		panic(err)
	}
}
