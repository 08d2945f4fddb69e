#include "textflag.h"

// FOUR adds the values at OFF to SUM, and their magnitudes to Y4. Y5 is zero.
#define FOUR(OFF, SUM) \
	VMOVDQU  OFF(SI), Y0; \
	VPADDQ   Y0, SUM, SUM; \
	VPCMPGTQ Y0, Y5, Y1; \
	VPXOR    Y0, Y1, Y1; \
	VPOR     Y1, Y4, Y4

// func sumEights(values *int64, n int) (total, magnitudes int64)
TEXT ·sumEights(SB), NOSPLIT, $0-32
	MOVQ  values+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

loop:
	FOUR(0, Y2)
	FOUR(32, Y3)
	ADDQ $64, SI
	SUBQ $8, CX
	JNZ  loop

	VPADDQ       Y3, Y2, Y2
	VEXTRACTI128 $1, Y2, X3
	VEXTRACTI128 $1, Y4, X5
	VPADDQ       X3, X2, X2
	VPOR         X5, X4, X4
	VPSRLDQ      $8, X2, X3
	VPSRLDQ      $8, X4, X5
	VPADDQ       X3, X2, X2
	VPOR         X5, X4, X4
	VMOVQ        X2, total+16(FP)
	VMOVQ        X4, magnitudes+24(FP)
	VZEROUPPER
	RET
