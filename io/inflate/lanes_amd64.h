// This is what the loops over two and three streams have in common. BX is the Pair. Only the low byte of n counts: a whole entry is subtracted from n,
// and the low byte of the entry is the number of bits that the entry consumes.

#define LIT_A  (Pair_a+Decoder_lit)
#define DIST_A (Pair_a+Decoder_dist)
#define LIT_B  (Pair_b+Decoder_lit)
#define DIST_B (Pair_b+Decoder_dist)
#define LIT_C  (Pair_c+Decoder_lit)
#define DIST_C (Pair_c+Decoder_dist)
#define LANE_A (Pair_lanes)
#define LANE_B (Pair_lanes+lane__size)
#define LANE_C (Pair_lanes+2*lane__size)

// LOOKUP sets E to the entry of the next bits.
#define LOOKUP(HOLD, TABLE, E) \
	MOVL HOLD, E; \
	ANDL $(const_litSize-1), E; \
	MOVL TABLE(BX)(E*4), E

// LITERAL writes the literal of E at an offset from OUT, and consumes its word.
#define LITERAL(HOLD, N, E, OUT, OFF) \
	SHRXQ E, HOLD, HOLD; \
	SUBL  E, N; \
	SHRL  $16, E; \
	MOVB  E, OFF(OUT)

// VALUE sets V to the base in E and the bits that follow its word, and consumes both. It changes E, and uses T.
#define VALUE(HOLD, N, E, V, T) \
	BZHIQ E, HOLD, V; \
	MOVL  E, T; \
	SHRL  $8, T; \
	SHRXQ T, V, V; \
	SHRXQ E, HOLD, HOLD; \
	SUBL  E, N; \
	SHRL  $16, E; \
	ADDQ  E, V

// SYMBOL decodes a symbol that is not a literal of the first level. AX has the entry at hand, and FILL must come before. It continues at next. It
// changes AX, CX, R14, R15 and what is in the registers of its lane.
#define SYMBOL(OUT, HOLD, N, LIT, DIST, LANE, next, length, distance, near, words, copied, fill, pattern, none, corrupt) \
	TESTL $const_exceptional, AX; \
	JZ    length; \
	TESTL $const_secondLevel, AX; \
	JZ    none; \
	MOVQ  HOLD, R14; \
	MOVL  N, R15; \
	SHRQ  $const_litBits, HOLD; \
	SUBL  $const_litBits, N; \
	MOVL  AX, CX; \
	SHRL  $8, CX; \
	ANDL  $31, CX; \
	BZHIQ CX, HOLD, CX; \
	SHRL  $16, AX; \
	ADDL  CX, AX; \
	MOVL  LIT(BX)(AX*4), AX; \
	TESTL $const_exceptional, AX; \
	JNZ   corrupt; \
	TESTL AX, AX; \
	JPL   length; \
	LITERAL(HOLD, N, AX, OUT, 0); \
	INCQ  OUT; \
	JMP   next; \
length: \
	VALUE(HOLD, N, AX, R14, R15); \
	MOVL  HOLD, CX; \
	ANDL  $(const_distSize-1), CX; \
	MOVL  DIST(BX)(CX*4), CX; \
	TESTL $const_exceptional, CX; \
	JZ    distance; \
	TESTL $const_secondLevel, CX; \
	MOVQ  $const_stopCorrupt, AX; \
	JZ    stop; \
	SHRQ  $const_distBits, HOLD; \
	SUBL  $const_distBits, N; \
	MOVL  CX, AX; \
	SHRL  $8, AX; \
	ANDL  $31, AX; \
	BZHIQ AX, HOLD, AX; \
	SHRL  $16, CX; \
	ADDL  AX, CX; \
	MOVL  DIST(BX)(CX*4), CX; \
	TESTL $const_exceptional, CX; \
	MOVQ  $const_stopCorrupt, AX; \
	JNZ   stop; \
distance: \
	VALUE(HOLD, N, CX, AX, R15); \
	MOVQ  OUT, CX; \
	SUBQ  (LANE+lane_dstStart)(BX), CX; \
	CMPQ  AX, CX; \
	JHI   far; \
	MOVQ  OUT, CX; \
	SUBQ  AX, CX; \
	ADDQ  OUT, R14; \
	CMPQ  AX, $8; \
	JCS   near; \
	MOVQ  (CX), R15; \
	MOVQ  R15, (OUT); \
	MOVQ  8(CX), R15; \
	MOVQ  R15, 8(OUT); \
	ADDQ  $16, OUT; \
	CMPQ  OUT, R14; \
	JCC   copied; \
words: \
	ADDQ  $16, CX; \
	MOVQ  (CX), R15; \
	MOVQ  R15, (OUT); \
	MOVQ  8(CX), R15; \
	MOVQ  R15, 8(OUT); \
	ADDQ  $16, OUT; \
	CMPQ  OUT, R14; \
	JCS   words; \
copied: \
	MOVQ  R14, OUT; \
	JMP   next; \
near: \
	CMPQ  AX, $1; \
	JNE   pattern; \
	MOVBQZX (CX), R15; \
	MOVQ  $0x0101010101010101, CX; \
	IMULQ CX, R15; \
fill: \
	MOVQ  R15, (OUT); \
	ADDQ  $8, OUT; \
	CMPQ  OUT, R14; \
	JCS   fill; \
	MOVQ  R14, OUT; \
	JMP   next; \
pattern: \
	MOVQ  (CX), R15; \
	MOVQ  R15, (OUT); \
	ADDQ  AX, CX; \
	ADDQ  AX, OUT; \
	CMPQ  OUT, R14; \
	JCS   pattern; \
	MOVQ  R14, OUT; \
	JMP   next; \
corrupt: \
	MOVQ  R14, HOLD; \
	MOVL  R15, N; \
none: \
	MOVQ  $const_stopSymbol, (LANE+lane_stop)(BX); \
	JMP   done
