#include "textflag.h"

DATA low<>+0(SB)/8, $1
DATA low<>+8(SB)/8, $2
DATA low<>+16(SB)/8, $4
DATA low<>+24(SB)/8, $8
GLOBL low<>(SB), RODATA, $32
DATA high<>+0(SB)/8, $16
DATA high<>+8(SB)/8, $32
DATA high<>+16(SB)/8, $64
DATA high<>+24(SB)/8, $128
GLOBL high<>(SB), RODATA, $32

// MASKS sets the lanes of Y0 and Y1 for which the bits of a byte of the mask are 1.
#define MASKS \
	VPBROADCASTB (BX), Y0; \
	VPAND        Y0, Y15, Y1; \
	VPAND        Y0, Y14, Y0; \
	VPCMPEQQ     Y1, Y15, Y1; \
	VPCMPEQQ     Y0, Y14, Y0

// func choose(to *int64, mask *byte, from *int64, n int)
TEXT ·choose(SB), NOSPLIT, $0-32
	MOVQ    to+0(FP), DI
	MOVQ    mask+8(FP), BX
	MOVQ    from+16(FP), SI
	MOVQ    n+24(FP), CX
	VMOVDQU low<>(SB), Y14
	VMOVDQU high<>(SB), Y15

loop:
	MASKS
	VMOVDQU   (DI), Y2
	VMOVDQU   32(DI), Y3
	VBLENDVPD Y0, (SI), Y2, Y2
	VBLENDVPD Y1, 32(SI), Y3, Y3
	VMOVDQU   Y2, (DI)
	VMOVDQU   Y3, 32(DI)
	INCQ      BX
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func chooseConst(to *int64, mask *byte, n int, c int64)
TEXT ·chooseConst(SB), NOSPLIT, $0-32
	MOVQ         to+0(FP), DI
	MOVQ         mask+8(FP), BX
	MOVQ         n+16(FP), CX
	VPBROADCASTQ c+24(FP), Y4
	VMOVDQU      low<>(SB), Y14
	VMOVDQU      high<>(SB), Y15

loop:
	MASKS
	VMOVDQU   (DI), Y2
	VMOVDQU   32(DI), Y3
	VBLENDVPD Y0, Y4, Y2, Y2
	VBLENDVPD Y1, Y4, Y3, Y3
	VMOVDQU   Y2, (DI)
	VMOVDQU   Y3, 32(DI)
	INCQ      BX
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET
