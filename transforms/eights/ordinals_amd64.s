#include "textflag.h"

// func ordinals(to *uint32, values *int64, n int, bias, last int64) int
//
// The distances from the first number are unsigned, but AVX2 compares signed numbers only. So all of them are compared less 2^63: bias is the first
// number plus 2^63, and last is the largest distance less 2^63.
TEXT ·ordinals(SB), NOSPLIT, $0-48
	MOVQ         to+0(FP), DI
	MOVQ         values+8(FP), SI
	MOVQ         n+16(FP), CX
	VPBROADCASTQ bias+24(FP), Y8
	VPBROADCASTQ last+32(FP), Y9
	VPCMPEQD     Y10, Y10, Y10 // -1 in each lane
	XORQ         AX, AX

loop:
	VMOVDQU  (SI)(AX*8), Y0
	VMOVDQU  32(SI)(AX*8), Y1
	VPSUBQ   Y8, Y0, Y0
	VPSUBQ   Y8, Y1, Y1
	VPCMPGTQ Y9, Y0, Y2
	VPCMPGTQ Y9, Y1, Y3
	VPOR     Y3, Y2, Y2
	VPTEST   Y2, Y2
	JNZ      done
	VSHUFPS  $0x88, Y1, Y0, Y0 // the low halves of 0, 1, 4, 5, 2, 3, 6, 7
	VPERMQ   $0xd8, Y0, Y0
	VPSUBD   Y10, Y0, Y0
	VMOVDQU  Y0, (DI)(AX*4)
	ADDQ     $8, AX
	CMPQ     AX, CX
	JLT      loop

done:
	VZEROUPPER
	MOVQ AX, ret+40(FP)
	RET
