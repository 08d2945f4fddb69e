#include "textflag.h"

DATA ones<>+0(SB)/4, $0xffffffff
GLOBL ones<>(SB), RODATA, $4

// func unpackEights(dst *uint16, src *byte, n int, width uint, l *shuffle, largest *[8]uint32)
TEXT ·unpackEights(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	MOVQ         width+24(FP), BX
	MOVQ         l+32(FP), DX
	MOVQ         largest+40(FP), R8
	VMOVDQU      (DX), Y15
	VMOVDQU      32(DX), Y14
	VPBROADCASTD ones<>(SB), Y13
	MOVQ         $32, AX
	SUBQ         BX, AX
	VMOVQ        AX, X0
	VPSRLD       X0, Y13, Y13   // as many ones as an index has bits
	VPXOR        Y12, Y12, Y12
	MOVQ         BX, AX
	SHRQ         $1, AX         // bytes to the fifth index

loop:
	VMOVDQU      (SI), X0
	VINSERTI128  $1, (SI)(AX*1), Y0, Y0
	VPSHUFB      Y15, Y0, Y0
	VPSRLVD      Y14, Y0, Y0
	VPAND        Y13, Y0, Y0
	VPMAXUD      Y0, Y12, Y12
	VEXTRACTI128 $1, Y0, X1
	VPACKUSDW    X1, X0, X0
	VMOVDQU      X0, (DI)
	ADDQ         BX, SI
	ADDQ         $16, DI
	DECQ         CX
	JNZ          loop

	VMOVDQU Y12, (R8)
	VZEROUPPER
	RET
