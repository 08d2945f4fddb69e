#include "textflag.h"

// COMPARE defines a function that sets a bit for each number: func NAME(to *byte, a *T, n int, c T). STEP sets the lanes of V in which the
// number has the relation to the number in Y2.
#define COMPARE(NAME, STEP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ to+0(FP), DI; \
	MOVQ a+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	VBROADCASTSD c+24(FP), Y2; \
loop: \
	VMOVDQU   (SI), Y0; \
	VMOVDQU   32(SI), Y1; \
	STEP(Y0); \
	STEP(Y1); \
	VMOVMSKPD Y0, AX; \
	VMOVMSKPD Y1, BX; \
	SHLL      $4, BX; \
	ORL       BX, AX; \
	MOVB      AX, (DI); \
	ADDQ      $64, SI; \
	INCQ      DI; \
	SUBQ      $8, CX; \
	JNZ       loop; \
	VZEROUPPER; \
	RET

#define LESSINT(V) VPCMPGTQ V, Y2, V
#define EQUALINT(V) VPCMPEQQ Y2, V, V

COMPARE(·lessInt, LESSINT)
COMPARE(·equalInt, EQUALINT)

// The comparisons are "less than", "at most" and "equal". No comparison with NaN is true.
#define LESSFLOAT(V) VCMPPD $0x11, Y2, V, V
#define ATMOSTFLOAT(V) VCMPPD $0x12, Y2, V, V
#define EQUALFLOAT(V) VCMPPD $0x00, Y2, V, V

COMPARE(·lessFloat, LESSFLOAT)
COMPARE(·atMostFloat, ATMOSTFLOAT)
COMPARE(·equalFloat, EQUALFLOAT)

DATA sign<>+0(SB)/8, $0x8000000000000000
GLOBL sign<>(SB), RODATA, $8

// OUTSIDE sets the lanes in which V minus Y2, as an unsigned number, is larger than Y3. AVX2 compares signed numbers only. So the highest bit of
// both numbers is inverted, in Y3 by the caller: inverted numbers compare as signed numbers like the originals do as unsigned numbers.
#define OUTSIDE(V) \
	VPSUBQ   Y2, V, V; \
	VPXOR    Y4, V, V; \
	VPCMPGTQ Y3, V, V

// func between(to *byte, a *int64, n int, low int64, span uint64)
TEXT ·between(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTQ low+24(FP), Y2
	VPBROADCASTQ span+32(FP), Y3
	VPBROADCASTQ sign<>(SB), Y4
	VPXOR Y4, Y3, Y3

loop:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	OUTSIDE(Y0)
	OUTSIDE(Y1)
	VMOVMSKPD Y0, AX
	VMOVMSKPD Y1, BX
	SHLL      $4, BX
	ORL       BX, AX
	NOTL      AX
	MOVB      AX, (DI)
	ADDQ      $64, SI
	INCQ      DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET
