#include "textflag.h"

DATA sign<>+0(SB)/8, $0x8000000000000000
GLOBL sign<>(SB), RODATA, $8

// func withinEights(values *int64, n int, lo int64, span uint64) int
//
// AVX2 compares signed numbers only: with their highest bits turned they have the order of unsigned ones.
TEXT ·withinEights(SB), NOSPLIT, $0-40
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
