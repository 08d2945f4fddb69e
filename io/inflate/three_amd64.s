#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Three streams are decoded in turns. Each stream has these registers. The address of its input is not in a register, but in its lane:
//
//	          output  hold  n    entry at hand
//	lane A    DI      R8    R9   AX
//	lane B    SI      R10   R11  DX
//	lane C    BP      R12   R13  R14
//
// CX and R15 are free.

// FILL makes at least 56 bits of a hold valid. It keeps the bits that are already valid.
#define FILL(LANE, HOLD, N) \
	MOVQ  (LANE+lane_src)(BX), R15; \
	MOVQ  (R15), CX; \
	SHLXQ N, CX, CX; \
	ORQ   CX, HOLD; \
	MOVL  N, CX; \
	SHRL  $3, CX; \
	ANDL  $7, CX; \
	ADDQ  $7, R15; \
	SUBQ  CX, R15; \
	MOVQ  R15, (LANE+lane_src)(BX); \
	ORL   $56, N

// ALL writes a literal of each stream. If the entry at hand of any stream is not a literal, ALL writes nothing and jumps to ELSEWHERE.
#define ALL(OFF, ELSEWHERE) \
	MOVL AX, CX; \
	ANDL DX, CX; \
	ANDL R14, CX; \
	JPL  ELSEWHERE; \
	LITERAL(R8, R9, AX, DI, OFF); \
	LITERAL(R10, R11, DX, SI, OFF); \
	LITERAL(R12, R13, R14, BP, OFF); \
	LOOKUP(R8, LIT_A, AX); \
	LOOKUP(R10, LIT_B, DX); \
	LOOKUP(R12, LIT_C, R14)

// ROOM leaves the loop if a lane has no room for a round.
#define ROOM(LANE, OUT) \
	MOVQ (LANE+lane_src)(BX), CX; \
	CMPQ CX, (LANE+lane_srcLast)(BX); \
	JHI  done; \
	CMPQ OUT, (LANE+lane_dstLast)(BX); \
	JHI  done

// func decodeThree(p *Pair)
TEXT ·decodeThree(SB), NOSPLIT, $8-8
	MOVQ p+0(FP), BX
	MOVQ (LANE_A+lane_dst)(BX), DI
	MOVQ (LANE_A+lane_hold)(BX), R8
	MOVQ (LANE_A+lane_n)(BX), R9
	MOVQ (LANE_B+lane_dst)(BX), SI
	MOVQ (LANE_B+lane_hold)(BX), R10
	MOVQ (LANE_B+lane_n)(BX), R11
	MOVQ (LANE_C+lane_dst)(BX), BP
	MOVQ (LANE_C+lane_hold)(BX), R12
	MOVQ (LANE_C+lane_n)(BX), R13

loop:
	ROOM(LANE_A, DI)
	ROOM(LANE_B, SI)
	ROOM(LANE_C, BP)
	FILL(LANE_A, R8, R9)
	FILL(LANE_B, R10, R11)
	FILL(LANE_C, R12, R13)
	LOOKUP(R8, LIT_A, AX)
	LOOKUP(R10, LIT_B, DX)
	LOOKUP(R12, LIT_C, R14)
	ALL(0, any0)
	ALL(1, any1)
	ALL(2, any2)
	MOVL AX, CX
	ANDL DX, CX
	ANDL R14, CX
	JPL  any3
	LITERAL(R8, R9, AX, DI, 3)
	LITERAL(R10, R11, DX, SI, 3)
	LITERAL(R12, R13, R14, BP, 3)
	ADDQ $4, DI
	ADDQ $4, SI
	ADDQ $4, BP
	JMP  loop

any3:
	INCQ DI
	INCQ SI
	INCQ BP

any2:
	INCQ DI
	INCQ SI
	INCQ BP

any1:
	INCQ DI
	INCQ SI
	INCQ BP

any0: // a lane with a literal at hand decodes it in the next round; the entry of lane C is saved, because SYMBOL changes R14
	MOVL  R14, entry-8(SP)
	TESTL AX, AX
	JMI   symbolB
	FILL(LANE_A, R8, R9)
	SYMBOL(DI, R8, R9, LIT_A, DIST_A, LANE_A, symbolB, lengthA, distanceA, nearA, wordsA, copiedA, fillA, patternA, noneA, corruptA)

symbolB:
	TESTL DX, DX
	JMI   symbolC
	MOVL  DX, AX
	FILL(LANE_B, R10, R11)
	SYMBOL(SI, R10, R11, LIT_B, DIST_B, LANE_B, symbolC, lengthB, distanceB, nearB, wordsB, copiedB, fillB, patternB, noneB, corruptB)

symbolC:
	MOVL  entry-8(SP), AX
	TESTL AX, AX
	JMI   loop
	FILL(LANE_C, R12, R13)
	SYMBOL(BP, R12, R13, LIT_C, DIST_C, LANE_C, loop, lengthC, distanceC, nearC, wordsC, copiedC, fillC, patternC, noneC, corruptC)

far:
	MOVQ $const_stopCorrupt, AX

stop: // one lane is corrupt, so all three are given up: it does not matter which lane says so
	MOVQ AX, (LANE_A+lane_stop)(BX)

done:
	MOVQ DI, (LANE_A+lane_dst)(BX)
	MOVQ R8, (LANE_A+lane_hold)(BX)
	MOVQ R9, (LANE_A+lane_n)(BX)
	MOVQ SI, (LANE_B+lane_dst)(BX)
	MOVQ R10, (LANE_B+lane_hold)(BX)
	MOVQ R11, (LANE_B+lane_n)(BX)
	MOVQ BP, (LANE_C+lane_dst)(BX)
	MOVQ R12, (LANE_C+lane_hold)(BX)
	MOVQ R13, (LANE_C+lane_n)(BX)
	RET
