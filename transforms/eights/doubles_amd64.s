#include "textflag.h"

// BINARY defines a function of two slices: func NAME(to, a, b *float64, n int).
#define BINARY(NAME, OP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ to+0(FP), DI; \
	MOVQ a+8(FP), SI; \
	MOVQ b+16(FP), BX; \
	MOVQ n+24(FP), CX; \
	XORQ AX, AX; \
loop: \
	VMOVUPD (SI)(AX*8), Y0; \
	VMOVUPD 32(SI)(AX*8), Y1; \
	OP      (BX)(AX*8), Y0, Y0; \
	OP      32(BX)(AX*8), Y1, Y1; \
	VMOVUPD Y0, (DI)(AX*8); \
	VMOVUPD Y1, 32(DI)(AX*8); \
	ADDQ    $8, AX; \
	CMPQ    AX, CX; \
	JLT     loop; \
	VZEROUPPER; \
	RET

BINARY(·add, VADDPD)
BINARY(·subtract, VSUBPD)
BINARY(·multiply, VMULPD)
BINARY(·divide, VDIVPD)

// BYCONST defines a function of a slice and a constant: func NAME(to, a *float64, n int, c float64).
#define BYCONST(NAME, OP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ to+0(FP), DI; \
	MOVQ a+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	VBROADCASTSD c+24(FP), Y2; \
	XORQ AX, AX; \
loop: \
	VMOVUPD (SI)(AX*8), Y0; \
	VMOVUPD 32(SI)(AX*8), Y1; \
	OP      Y2, Y0, Y0; \
	OP      Y2, Y1, Y1; \
	VMOVUPD Y0, (DI)(AX*8); \
	VMOVUPD Y1, 32(DI)(AX*8); \
	ADDQ    $8, AX; \
	CMPQ    AX, CX; \
	JLT     loop; \
	VZEROUPPER; \
	RET

BYCONST(·addConst, VADDPD)
BYCONST(·subtractConst, VSUBPD)
BYCONST(·multiplyConst, VMULPD)
BYCONST(·divideConst, VDIVPD)

// Adding a whole number from -2^51 to 2^51 to the bits of magic, as integers, gives the bits of the double magic plus the number.
DATA magic<>+0(SB)/8, $0x4338000000000000 // 1.5 * 2^52
GLOBL magic<>(SB), RODATA, $8
DATA bias<>+0(SB)/8, $0x0008000000000000 // 2^51
GLOBL bias<>(SB), RODATA, $8

// func quotients(to *float64, a *int64, n int, unit float64) int
TEXT ·quotients(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD unit+24(FP), Y6
	VBROADCASTSD magic<>(SB), Y7
	VBROADCASTSD bias<>(SB), Y8
	XORQ AX, AX

loop:
	VMOVDQU (SI)(AX*8), Y0
	VMOVDQU 32(SI)(AX*8), Y1
	VPADDQ  Y8, Y0, Y2
	VPADDQ  Y8, Y1, Y3
	VPOR    Y2, Y3, Y2
	VPSRLQ  $52, Y2, Y2
	VPTEST  Y2, Y2
	JNZ     done
	VPADDQ  Y7, Y0, Y0
	VPADDQ  Y7, Y1, Y1
	VSUBPD  Y7, Y0, Y0
	VSUBPD  Y7, Y1, Y1
	VDIVPD  Y6, Y0, Y0
	VDIVPD  Y6, Y1, Y1
	VMOVUPD Y0, (DI)(AX*8)
	VMOVUPD Y1, 32(DI)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET
