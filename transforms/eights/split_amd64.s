#include "textflag.h"

// The constants of Split.
DATA highMagic<>+0(SB)/8, $0x41d8000000000000 // 1.5 * 2^30
GLOBL highMagic<>(SB), RODATA, $8
DATA lowMagic<>+0(SB)/8, $0x3f38000000000000 // 1.5 * 2^-12
GLOBL lowMagic<>(SB), RODATA, $8
DATA limit<>+0(SB)/8, $0x4130000000000000 // 2^20
GLOBL limit<>(SB), RODATA, $8
DATA magnitude<>+0(SB)/8, $0x7fffffffffffffff
GLOBL magnitude<>(SB), RODATA, $8
DATA minusZero<>+0(SB)/8, $0x8000000000000000
GLOBL minusZero<>(SB), RODATA, $8

#define CONSTANTS \
	VBROADCASTSD highMagic<>(SB), Y15; \
	VBROADCASTSD lowMagic<>(SB), Y14; \
	VBROADCASTSD limit<>(SB), Y13; \
	VBROADCASTSD magnitude<>(SB), Y12; \
	VBROADCASTSD minusZero<>(SB), Y11

// FOUR splits the doubles in V into HIGH and LOW, and sets the lanes of V in which the parts are not all of the double. The comparisons are "not
// less than" and "not equal", because both are true for NaN.
#define FOUR(V, HIGH, LOW, T) \
	VADDPD   Y15, V, HIGH; \
	VSUBPD   Y15, HIGH, T; \
	VSUBPD   T, V, T; \
	VADDPD   Y14, T, LOW; \
	VSUBPD   Y14, LOW, Y10; \
	VCMPPD   $0x04, T, Y10, T; \
	VPCMPEQQ Y11, V, Y10; \
	VANDPD   Y12, V, V; \
	VCMPPD   $0x15, Y13, V, V; \
	VORPD    T, V, V; \
	VORPD    Y10, V, V; \
	VPSUBQ   Y15, HIGH, HIGH; \
	VPSUBQ   Y14, LOW, LOW

// func split(high, low *int64, floats *float64, n int) int
TEXT ·split(SB), NOSPLIT, $0-40
	MOVQ high+0(FP), DI
	MOVQ low+8(FP), DX
	MOVQ floats+16(FP), SI
	MOVQ n+24(FP), CX
	XORQ AX, AX
	CONSTANTS

loop:
	VMOVUPD (SI)(AX*8), Y0
	VMOVUPD 32(SI)(AX*8), Y1
	FOUR(Y0, Y2, Y3, Y4)
	FOUR(Y1, Y5, Y6, Y7)
	VORPD   Y0, Y1, Y0
	VPTEST  Y0, Y0
	JNZ     done
	VMOVDQU Y2, (DI)(AX*8)
	VMOVDQU Y5, 32(DI)(AX*8)
	VMOVDQU Y3, (DX)(AX*8)
	VMOVDQU Y6, 32(DX)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET

// func sumSplit(floats *float64, n int) (high, low int64, done int)
TEXT ·sumSplit(SB), NOSPLIT, $0-40
	MOVQ  floats+0(FP), SI
	MOVQ  n+8(FP), CX
	XORQ  AX, AX
	VPXOR Y8, Y8, Y8
	VPXOR Y9, Y9, Y9
	CONSTANTS

loop:
	VMOVUPD (SI)(AX*8), Y0
	VMOVUPD 32(SI)(AX*8), Y1
	FOUR(Y0, Y2, Y3, Y4)
	FOUR(Y1, Y5, Y6, Y7)
	VORPD   Y0, Y1, Y0
	VPTEST  Y0, Y0
	JNZ     done
	VPADDQ  Y2, Y8, Y8
	VPADDQ  Y3, Y9, Y9
	VPADDQ  Y5, Y8, Y8
	VPADDQ  Y6, Y9, Y9
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VEXTRACTI128 $1, Y8, X0
	VEXTRACTI128 $1, Y9, X1
	VPADDQ       X0, X8, X8
	VPADDQ       X1, X9, X9
	VPSRLDQ      $8, X8, X0
	VPSRLDQ      $8, X9, X1
	VPADDQ       X0, X8, X8
	VPADDQ       X1, X9, X9
	VMOVQ        X8, high+16(FP)
	VMOVQ        X9, low+24(FP)
	VZEROUPPER
	MOVQ         AX, done+32(FP)
	RET
