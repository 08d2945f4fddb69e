#include "textflag.h"

// The constants of Millionths.
DATA unit<>+0(SB)/8, $1000000.0
GLOBL unit<>(SB), RODATA, $8
DATA magic<>+0(SB)/8, $0x4338000000000000 // 1.5 * 2^52
GLOBL magic<>(SB), RODATA, $8
DATA half<>+0(SB)/8, $0.5
GLOBL half<>(SB), RODATA, $8
DATA most<>+0(SB)/8, $100000000.0
GLOBL most<>(SB), RODATA, $8
DATA magnitude<>+0(SB)/8, $0x7fffffffffffffff
GLOBL magnitude<>(SB), RODATA, $8

// FOUR converts the values in V to R, and sets V where one is not certain. As magic leaves no bits for a fraction, the
// integer stands in the low bits of the sum. The comparisons are "not less than" and "not less or equal": NaN is neither.
#define FOUR(V, R, T) \
	VMULPD Y15, V, T; \
	VADDPD Y14, T, R; \
	VANDPD Y11, V, V; \
	VCMPPD $0x16, Y12, V, V; \
	VSUBPD Y14, R, Y10; \
	VSUBPD Y10, T, T; \
	VANDPD Y11, T, T; \
	VCMPPD $0x15, Y13, T, T; \
	VORPD  T, V, V; \
	VPSUBQ Y14, R, R

// CONSTANTS loads the constants.
#define CONSTANTS \
	VBROADCASTSD unit<>(SB), Y15; \
	VBROADCASTSD magic<>(SB), Y14; \
	VBROADCASTSD half<>(SB), Y13; \
	VBROADCASTSD most<>(SB), Y12; \
	VBROADCASTSD magnitude<>(SB), Y11

// EIGHT converts the eight values at SI + 8 * AX to Y2 and Y4, or goes elsewhere if one is not certain.
#define EIGHT(elsewhere) \
	VMOVUPD (SI)(AX*8), Y0; \
	VMOVUPD 32(SI)(AX*8), Y1; \
	FOUR(Y0, Y2, Y3); \
	FOUR(Y1, Y4, Y5); \
	VORPD   Y0, Y1, Y0; \
	VPTEST  Y0, Y0; \
	JNZ     elsewhere

// func millionths(dst *int64, src *float64, n int) int
TEXT ·millionths(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	CONSTANTS

loop:
	EIGHT(done)
	VMOVUPD Y2, (DI)(AX*8)
	VMOVUPD Y4, 32(DI)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET

// func addMillionths(sums *int64, src *float64, n int) int
TEXT ·addMillionths(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	CONSTANTS

loop:
	EIGHT(done)
	VPADDQ  (DI)(AX*8), Y2, Y2
	VPADDQ  32(DI)(AX*8), Y4, Y4
	VMOVUPD Y2, (DI)(AX*8)
	VMOVUPD Y4, 32(DI)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop

done:
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET
