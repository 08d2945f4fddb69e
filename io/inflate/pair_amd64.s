#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Two streams are decoded in turns. What each has in registers:
//
//	          input  output  hold  n
//	lane A    SI     DI      R8    R9
//	lane B    R10    R11     R12   R13
//
// AX and DX are the entries at hand of A and B; CX, R14 and R15 are free.

// FILL makes at least 56 bits of a hold valid. It keeps the bits that are already valid.
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

// BOTH writes a literal of each stream, or goes elsewhere if either has none.
#define BOTH(OFF, ELSEWHERE) \
	MOVL AX, CX; \
	ANDL DX, CX; \
	JPL  ELSEWHERE; \
	LITERAL(R8, R9, AX, DI, OFF); \
	LITERAL(R12, R13, DX, R11, OFF); \
	LOOKUP(R8, LIT_A, AX); \
	LOOKUP(R12, LIT_B, DX)

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
	FILL(SI, R8, R9)
	SYMBOL(DI, R8, R9, LIT_A, DIST_A, LANE_A, afterA, lengthA, distanceA, nearA, wordsA, copiedA, fillA, patternA, noneA, corruptA)

afterA: // B's entry is still at hand, and B has not used its room of this round
	TESTL DX, DX
	JMI   loop

symbolB:
	MOVL DX, AX
	FILL(R10, R12, R13)
	SYMBOL(R11, R12, R13, LIT_B, DIST_B, LANE_B, loop, lengthB, distanceB, nearB, wordsB, copiedB, fillB, patternB, noneB, corruptB)

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
