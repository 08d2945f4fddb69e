#include "textflag.h"

DATA sign<>+0(SB)/8, $0x8000000000000000
GLOBL sign<>(SB), RODATA, $8

// SUBTRACT stores the differences of four values at OFF, and ORs the values into Y7.
#define SUBTRACT(OFF, A, B, D) \
	VMOVDQU OFF(SI)(AX*8), A; \
	VMOVDQU OFF(BX)(AX*8), B; \
	VPSUBQ  B, A, D; \
	VMOVDQU D, OFF(DI)(AX*8); \
	VPOR    A, B, B; \
	VPOR    B, Y7, Y7

// func subtractInts(dst, a, b *int64, n int) (signs int64)
TEXT ·subtractInts(SB), NOSPLIT, $0-40
	MOVQ  dst+0(FP), DI
	MOVQ  a+8(FP), SI
	MOVQ  b+16(FP), BX
	MOVQ  n+24(FP), CX
	XORQ  AX, AX
	VPXOR Y7, Y7, Y7

loop:
	SUBTRACT(0, Y0, Y1, Y2)
	SUBTRACT(32, Y3, Y4, Y5)
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop

	VEXTRACTI128 $1, Y7, X0
	VPOR         X0, X7, X7
	VPSRLDQ      $8, X7, X0
	VPOR         X0, X7, X7
	VMOVQ        X7, signs+32(FP)
	VZEROUPPER
	RET

// func within(values *int64, n int, lo int64, span uint64) int
//
// AVX2 compares signed numbers only. If their highest bits are inverted, signed numbers have the order of unsigned numbers.
TEXT ·within(SB), NOSPLIT, $0-40
	MOVQ         values+0(FP), SI
	MOVQ         n+8(FP), CX
	XORQ         AX, AX
	VPBROADCASTQ lo+16(FP), Y15
	VPBROADCASTQ span+24(FP), Y14
	VPBROADCASTQ sign<>(SB), Y13
	VPXOR        Y13, Y14, Y14

loop:
	VMOVDQU   (SI)(AX*8), Y0
	VMOVDQU   32(SI)(AX*8), Y1
	VPSUBQ    Y15, Y0, Y0
	VPSUBQ    Y15, Y1, Y1
	VPXOR     Y13, Y0, Y0
	VPXOR     Y13, Y1, Y1
	VPCMPGTQ  Y0, Y14, Y0
	VPCMPGTQ  Y1, Y14, Y1
	VPAND     Y0, Y1, Y0
	VMOVMSKPD Y0, DX
	CMPL      DX, $15
	JNE       done
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       loop

done:
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET
