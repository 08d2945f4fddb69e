package element

import (
	"runtime"
	"strings"
)

// zeros stands for the encoded form of an element of which Beam wants only the length. Nobody reads or writes it, so it takes no memory.
var zeros = [64 << 20]byte{}

// OnlyCounted is for the first line of the encoder of a large element. Beam encodes some elements of every PCollection only to count
// their bytes, also between the fused transforms of one stage, and throws the encoded form away. That takes longer than all work on
// a batch of rows. OnlyCounted tells whether Beam only counts, and then returns about size bytes in place of the encoded form.
//
// Only the call stack shows this. If a version of Beam has other names for its functions, elements are encoded as a whole: this is slower, and
// a test fails.
func OnlyCounted(size int) ([]byte, bool) {
	const beam = "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec."
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !more {
			return nil, false
		}
		if function, ok := strings.CutPrefix(frame.Function, beam); ok && function == "(*customEncoder).Encode" {
			caller, _ := frames.Next()
			if caller.Function != beam+"(*PCollection).ProcessElement" {
				return nil, false
			}
			n := min(max(size, 0), len(zeros))
			return zeros[:n:n], true
		}
	}
}
