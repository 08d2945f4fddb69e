//go:build !amd64

package eights

// Nothing is processed eight at a time on this processor: see eights_amd64.go.

// Disable does nothing on this processor.
func Disable() (undo func()) { return func() {} }

func sumMany([]int64) (total, magnitudes int64, n int) { return 0, 0, 0 }

func leastMany(best int64, _ []int64) (int64, int) { return best, 0 }

func mostMany(best int64, _ []int64) (int64, int) { return best, 0 }

func subtractMany(_, _, _ []int64) (n int, signs int64) { return 0, 0 }

func withinMany([]int64, int64, uint64) int { return 0 }

// MillionthsMany converts no doubles on this processor.
func MillionthsMany([]int64, []float64) int { return 0 }

// AddMillionthsMany adds no doubles on this processor.
func AddMillionthsMany([]int64, []float64) int { return 0 }

// SplitMany splits no doubles on this processor.
func SplitMany(_, _ []int64, _ []float64) int { return 0 }

// SumMany adds up no doubles on this processor.
func SumMany([]float64) (high, low int64, n int) { return 0, 0, 0 }

// DoublesMany computes nothing on this processor.
func DoublesMany(byte, []float64, []float64, []float64) int { return 0 }

// DoublesByConstMany computes nothing on this processor.
func DoublesByConstMany(byte, []float64, []float64, float64) int { return 0 }

// QuotientsMany computes nothing on this processor.
func QuotientsMany([]float64, []int64, float64) int { return 0 }

// IntsMany compares nothing on this processor.
func (r Relation) IntsMany([]byte, []int64, int64) int { return 0 }

// FloatsMany compares nothing on this processor.
func (r Relation) FloatsMany([]byte, []float64, float64) int { return 0 }

// BetweenMany compares nothing on this processor.
func BetweenMany([]byte, []int64, int64, uint64) int { return 0 }

// ChooseMany chooses nothing on this processor.
func ChooseMany[T int64 | float64]([]T, []byte, []T) int { return 0 }

// ChooseConstMany chooses nothing on this processor.
func ChooseConstMany[T int64 | float64]([]T, []byte, T) int { return 0 }

// HoursMany computes nothing on this processor.
func HoursMany([]int64, []int64) int { return 0 }

// DaysMany computes nothing on this processor.
func DaysMany([]int64, []int64) int { return 0 }

// DistancesMany computes nothing on this processor.
func DistancesMany([]uint32, []int64, int64, uint, uint64) int { return 0 }

// OrdinalsMany computes nothing on this processor.
func OrdinalsMany([]uint32, []int64, int64, uint32) int { return 0 }
