package publish

// The steps of a commit, in their order. A program that is built with the tag crash can be told to be killed at one of them: see step.
const (
	stepLocked   = "locked"
	stepRead     = "head read"
	stepChecked  = "checked"
	stepTable    = "table written" // for each table
	stepWritten  = "version written"
	stepSynced   = "version synced"
	stepSwapping = "swapping"
	stepSwapped  = "swapped"
	stepRecorded = "run recorded"
	stepLog      = "log committed" // for each Delta table
	stepCopy     = "copy replaced" // for each table
	stepCopied   = "all copied"
	stepRemoved  = "version removed" // for each that is not kept
	stepCleaned  = "cleaned"
	stepMarked   = "marked"
)

// Steps are the steps of a commit, in their order.
func Steps() []string {
	return []string{
		stepLocked, stepRead, stepChecked, stepTable, stepWritten, stepSynced, stepSwapping, stepSwapped, stepRecorded, stepLog, stepCopy, stepCopied,
		stepRemoved, stepCleaned, stepMarked,
	}
}
