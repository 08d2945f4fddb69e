#include "textflag.h"

// ADD adds the values at OFF to SUM, and ORs their magnitudes into Y4. Y5 is zero.
#define ADD(OFF, SUM) \
	VMOVDQU  OFF(SI), Y0; \
	VPADDQ   Y0, SUM, SUM; \
	VPCMPGTQ Y0, Y5, Y1; \
	VPXOR    Y0, Y1, Y1; \
	VPOR     Y1, Y4, Y4

// func sum(values *int64, n int) (total, magnitudes int64)
TEXT ·sum(SB), NOSPLIT, $0-32
	MOVQ  values+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

loop:
	ADD(0, Y2)
	ADD(32, Y3)
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

// LESS copies V to BEST in the lanes in which BEST is larger. MORE does so in the lanes in which BEST is smaller.
#define LESS(V, BEST, T) \
	VPCMPGTQ  V, BEST, T; \
	VBLENDVPD T, V, BEST, BEST

#define MORE(V, BEST, T) \
	VPCMPGTQ  BEST, V, T; \
	VBLENDVPD T, V, BEST, BEST

// FOLD leaves the best value in Y2 and Y3 in the lowest 64 bits of X2.
#define FOLD(STEP) \
	STEP(Y3, Y2, Y4); \
	VEXTRACTI128 $1, Y2, X3; \
	STEP(X3, X2, X4); \
	VPSRLDQ      $8, X2, X3; \
	STEP(X3, X2, X4)

// REDUCE defines a function that returns the best number by STEP: func NAME(values *int64, n int, best int64) int64.
#define REDUCE(NAME, STEP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ         values+0(FP), SI; \
	MOVQ         n+8(FP), CX; \
	VPBROADCASTQ best+16(FP), Y2; \
	VMOVDQU      Y2, Y3; \
loop: \
	VMOVDQU (SI), Y0; \
	VMOVDQU 32(SI), Y1; \
	STEP(Y0, Y2, Y4); \
	STEP(Y1, Y3, Y5); \
	ADDQ    $64, SI; \
	SUBQ    $8, CX; \
	JNZ     loop; \
	FOLD(STEP); \
	VMOVQ   X2, ret+24(FP); \
	VZEROUPPER; \
	RET

REDUCE(·least, LESS)
REDUCE(·most, MORE)
