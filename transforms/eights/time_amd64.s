#include "textflag.h"

// Adding a whole number from -2^51 to 2^51 to the bits of magic, as integers, gives the bits of the double magic plus the number.
DATA magic<>+0(SB)/8, $0x4338000000000000 // 1.5 * 2^52
GLOBL magic<>(SB), RODATA, $8
DATA bias<>+0(SB)/8, $0x0008000000000000 // 2^51
GLOBL bias<>(SB), RODATA, $8
DATA half<>+0(SB)/8, $0.5
GLOBL half<>(SB), RODATA, $8
DATA perHour<>+0(SB)/8, $0x3df316b7e5807ca5 // 1 / 3.6e9
GLOBL perHour<>(SB), RODATA, $8
DATA perDay<>+0(SB)/8, $0x3da9739fdcab50dc // 1 / 8.64e10
GLOBL perDay<>(SB), RODATA, $8
DATA perHours<>+0(SB)/8, $0x3fa5555555555555 // 1 / 24
GLOBL perHours<>(SB), RODATA, $8
DATA hours<>+0(SB)/8, $24.0
GLOBL hours<>(SB), RODATA, $8

// LOAD loads eight times (in µs) into Y0 and Y1 as doubles. It jumps to done if one of them has more than 51 bits.
#define LOAD \
	VMOVDQU (SI)(AX*8), Y0; \
	VMOVDQU 32(SI)(AX*8), Y1; \
	VPADDQ  Y14, Y0, Y2; \
	VPADDQ  Y14, Y1, Y3; \
	VPOR    Y2, Y3, Y2; \
	VPSRLQ  $52, Y2, Y2; \
	VPTEST  Y2, Y2; \
	JNZ     done; \
	VPADDQ  Y15, Y0, Y0; \
	VPADDQ  Y15, Y1, Y1; \
	VSUBPD  Y15, Y0, Y0; \
	VSUBPD  Y15, Y1, Y1

// WHOLE sets TO to the number of whole units in V, rounded down. UNIT is the reciprocal of the unit. V is a whole number, so V + 0.5 differs
// from each multiple of the unit by at least 0.5. The error of the product is smaller than that: the relative error of UNIT is less than
// 0.4 * 2^-53, that of rounding is at most 2^-53, and V has 51 bits.
#define WHOLE(UNIT, V, TO) \
	VADDPD   Y13, V, TO; \
	VMULPD   UNIT, TO, TO; \
	VROUNDPD $1, TO, TO

#define STORE \
	VADDPD  Y15, Y0, Y0; \
	VADDPD  Y15, Y1, Y1; \
	VPSUBQ  Y15, Y0, Y0; \
	VPSUBQ  Y15, Y1, Y1; \
	VMOVDQU Y0, (DI)(AX*8); \
	VMOVDQU Y1, 32(DI)(AX*8)

#define START \
	MOVQ to+0(FP), DI; \
	MOVQ times+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	XORQ AX, AX; \
	VBROADCASTSD magic<>(SB), Y15; \
	VBROADCASTSD bias<>(SB), Y14; \
	VBROADCASTSD half<>(SB), Y13

// func hoursOf(to, times *int64, n int) int
TEXT ·hoursOf(SB), NOSPLIT, $0-32
	START
	VBROADCASTSD perHour<>(SB), Y12
	VBROADCASTSD perHours<>(SB), Y11
	VBROADCASTSD hours<>(SB), Y10

loop:
	LOAD
	WHOLE(Y12, Y0, Y0)
	WHOLE(Y12, Y1, Y1)
	WHOLE(Y11, Y0, Y2)
	WHOLE(Y11, Y1, Y3)
	VMULPD Y10, Y2, Y2
	VMULPD Y10, Y3, Y3
	VSUBPD Y2, Y0, Y0
	VSUBPD Y3, Y1, Y1
	STORE
	ADDQ   $8, AX
	CMPQ   AX, CX
	JLT    loop

done:
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET

// func daysOf(to, times *int64, n int) int
TEXT ·daysOf(SB), NOSPLIT, $0-32
	START
	VBROADCASTSD perDay<>(SB), Y12

loop:
	LOAD
	WHOLE(Y12, Y0, Y0)
	WHOLE(Y12, Y1, Y1)
	STORE
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop

done:
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET
