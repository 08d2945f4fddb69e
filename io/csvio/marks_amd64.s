#include "textflag.h"

DATA signs<>+0(SB)/8, $0x2c2c2c2c2c2c2c2c
DATA signs<>+8(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA signs<>+16(SB)/8, $0x2222222222222222
GLOBL signs<>(SB), RODATA, $24

// func maskBlocks(text *byte, blocks int, out *uint64) (quotes uint64)
TEXT ·maskBlocks(SB), NOSPLIT, $0-32
	MOVQ         text+0(FP), SI
	MOVQ         blocks+8(FP), CX
	MOVQ         out+16(FP), DI
	VPBROADCASTQ signs<>+0(SB), Y13  // comma
	VPBROADCASTQ signs<>+8(SB), Y14  // LF
	VPBROADCASTQ signs<>+16(SB), Y15 // quote
	VPXOR        Y12, Y12, Y12

loop:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPCMPEQB  Y0, Y13, Y2
	VPCMPEQB  Y1, Y13, Y3
	VPCMPEQB  Y0, Y14, Y4
	VPCMPEQB  Y1, Y14, Y5
	VPCMPEQB  Y0, Y15, Y6
	VPCMPEQB  Y1, Y15, Y7
	VPOR      Y4, Y2, Y2
	VPOR      Y5, Y3, Y3
	VPOR      Y6, Y12, Y12
	VPOR      Y7, Y12, Y12
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	SHLQ      $32, BX
	SHLQ      $32, R9
	ORQ       BX, AX
	ORQ       R9, R8
	MOVQ      AX, (DI)
	MOVQ      R8, 8(DI)
	ADDQ      $64, SI
	ADDQ      $16, DI
	DECQ      CX
	JNZ       loop

	VPMOVMSKB Y12, AX
	MOVQ      AX, quotes+24(FP)
	VZEROUPPER
	RET
