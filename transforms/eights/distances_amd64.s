#include "textflag.h"

// FOUR turns the numbers in V into distances. It sets bits of Y7 if a number has no distance of 32 bits. Y8 has the base. The unit is 2^n times an odd
// number: X10 has n, Y9 a mask of the n low bits, which are 0 in every multiple of the unit, Y11 the inverse of the odd number, and Y12 the high half of
// the inverse. A product of 64 bits is the product of the low halves plus, 32 bits higher, the two products of a low half and a high half.
#define FOUR(V, T, U) \
	VPSUBQ   Y8, V, V; \
	VPAND    Y9, V, U; \
	VPOR     U, Y7, Y7; \
	VPSRLQ   X10, V, V; \
	VPSRLQ   $32, V, T; \
	VPMULUDQ Y11, T, T; \
	VPMULUDQ Y12, V, U; \
	VPMULUDQ Y11, V, V; \
	VPADDQ   U, T, T; \
	VPSLLQ   $32, T, T; \
	VPADDQ   T, V, V; \
	VPSRLQ   $32, V, T; \
	VPOR     T, Y7, Y7

// func distances(to *uint32, values *int64, n int, base int64, shift uint, inverse uint64) int
TEXT ·distances(SB), NOSPLIT, $0-56
	MOVQ         to+0(FP), DI
	MOVQ         values+8(FP), SI
	MOVQ         n+16(FP), CX
	VPBROADCASTQ base+24(FP), Y8
	VMOVQ        shift+32(FP), X10
	VPBROADCASTQ inverse+40(FP), Y11
	VPCMPEQD     Y9, Y9, Y9
	VPSLLQ       X10, Y9, Y9
	VPCMPEQD     Y0, Y0, Y0
	VPXOR        Y0, Y9, Y9
	VPSRLQ       $32, Y11, Y12
	VPXOR        Y7, Y7, Y7
	XORQ         AX, AX

loop:
	VMOVDQU (SI)(AX*8), Y0
	VMOVDQU 32(SI)(AX*8), Y1
	FOUR(Y0, Y2, Y3)
	FOUR(Y1, Y4, Y5)
	VPTEST  Y7, Y7
	JNZ     done
	VSHUFPS $0x88, Y1, Y0, Y0 // the low halves of the distances 0, 1, 4, 5, 2, 3, 6, 7
	VPERMQ  $0xd8, Y0, Y0
	VMOVDQU Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VZEROUPPER
	MOVQ AX, ret+48(FP)
	RET
