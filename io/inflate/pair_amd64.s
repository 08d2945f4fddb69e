#include "go_asm.h"
#include "textflag.h"

// Two streams are decoded in turns. What each has in registers:
//
//	          input  output  hold  n
//	lane A    SI     DI      R8    R9
//	lane B    R10    R11     R12   R13
//
// Only the low byte of n counts: entries are subtracted from it as they are, and their low byte is what they consume.
// BX is the Pair; AX and DX are the entries at hand of A and B; CX, R14 and R15 are free.

#define LIT_A  (Pair_a+Decoder_lit)
#define DIST_A (Pair_a+Decoder_dist)
#define LIT_B  (Pair_b+Decoder_lit)
#define DIST_B (Pair_b+Decoder_dist)
#define LANE_A (Pair_lanes)
#define LANE_B (Pair_lanes+lane__size)

// FILL makes at least 56 bits of a hold valid. It leaves those that are.
#define FILL(IN, HOLD, N) \
	MOVQ  (IN), CX; \
	SHLXQ N, CX, CX; \
	ORQ   CX, HOLD; \
	MOVL  N, CX; \
	SHRL  $3, CX; \
	ANDL  $7, CX; \
	ADDQ  $7, IN; \
	SUBQ  CX, IN; \
	ORL   $56, N

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

// BOTH writes a literal of each stream, or goes elsewhere if either has none.
#define BOTH(OFF, ELSEWHERE) \
	MOVL AX, CX; \
	ANDL DX, CX; \
	JPL  ELSEWHERE; \
	LITERAL(R8, R9, AX, DI, OFF); \
	LITERAL(R12, R13, DX, R11, OFF); \
	LOOKUP(R8, LIT_A, AX); \
	LOOKUP(R12, LIT_B, DX)

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

// SYMBOL decodes what is not a literal of the first level, with the entry at hand in AX, and goes on with next. It leaves
// the other lane and DX as they are.
#define SYMBOL(IN, OUT, HOLD, N, LIT, DIST, LANE, next, length, distance, near, words, copied, fill, pattern, none, corrupt) \
	FILL(IN, HOLD, N); \
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

// func decodeTurns(p *Pair)
TEXT ·decodeTurns(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), BX
	MOVQ (LANE_A+lane_src)(BX), SI
	MOVQ (LANE_A+lane_dst)(BX), DI
	MOVQ (LANE_A+lane_hold)(BX), R8
	MOVQ (LANE_A+lane_n)(BX), R9
	MOVQ (LANE_B+lane_src)(BX), R10
	MOVQ (LANE_B+lane_dst)(BX), R11
	MOVQ (LANE_B+lane_hold)(BX), R12
	MOVQ (LANE_B+lane_n)(BX), R13

loop:
	CMPQ SI, (LANE_A+lane_srcLast)(BX)
	JHI  done
	CMPQ DI, (LANE_A+lane_dstLast)(BX)
	JHI  done
	CMPQ R10, (LANE_B+lane_srcLast)(BX)
	JHI  done
	CMPQ R11, (LANE_B+lane_dstLast)(BX)
	JHI  done
	FILL(SI, R8, R9)
	FILL(R10, R12, R13)
	LOOKUP(R8, LIT_A, AX)
	LOOKUP(R12, LIT_B, DX)
	BOTH(0, either0)
	BOTH(1, either1)
	BOTH(2, either2)
	MOVL AX, CX
	ANDL DX, CX
	JPL  either3
	LITERAL(R8, R9, AX, DI, 3)
	LITERAL(R12, R13, DX, R11, 3)
	ADDQ $4, DI
	ADDQ $4, R11
	JMP  loop

either3:
	INCQ DI
	INCQ R11

either2:
	INCQ DI
	INCQ R11

either1:
	INCQ DI
	INCQ R11

either0:
	TESTL AX, AX
	JMI   symbolB
	SYMBOL(SI, DI, R8, R9, LIT_A, DIST_A, LANE_A, afterA, lengthA, distanceA, nearA, wordsA, copiedA, fillA, patternA, noneA, corruptA)

afterA: // B's entry is still at hand, and B has not used its room of this round
	TESTL DX, DX
	JMI   loop

symbolB:
	MOVL DX, AX
	SYMBOL(R10, R11, R12, R13, LIT_B, DIST_B, LANE_B, loop, lengthB, distanceB, nearB, wordsB, copiedB, fillB, patternB, noneB, corruptB)

far:
	MOVQ $const_stopCorrupt, AX

stop: // whichever lane it is, both are given up
	MOVQ AX, (LANE_A+lane_stop)(BX)

done:
	MOVQ SI, (LANE_A+lane_src)(BX)
	MOVQ DI, (LANE_A+lane_dst)(BX)
	MOVQ R8, (LANE_A+lane_hold)(BX)
	MOVQ R9, (LANE_A+lane_n)(BX)
	MOVQ R10, (LANE_B+lane_src)(BX)
	MOVQ R11, (LANE_B+lane_dst)(BX)
	MOVQ R12, (LANE_B+lane_hold)(BX)
	MOVQ R13, (LANE_B+lane_n)(BX)
	RET
