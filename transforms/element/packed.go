package element

// Packed is a result of one taxi in one file as it is kept: see package kept. Package aggregate makes and reads the bytes.
type Packed struct {
	Source string
	Taxi   string
	Tables []PackedTable
	Bytes  []byte // compressed; nil if it is too large to be kept
}

// PackedTable is a table whose state is in a Packed.
type PackedTable struct {
	Name  string
	Alone bool // the state has finished groups: it is good only while Recognised.Alone holds
}
