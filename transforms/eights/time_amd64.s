#include "textflag.h"

// A whole number from -2^51 to 2^51 that is added to the bits of magic gives the bits of magic plus the number.
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

// LOAD loads eight times into Y0 and Y1 and jumps to done if one has more than 51 bits.
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

// WHOLE sets V to the whole units in it, of which UNIT is the reciprocal. V plus a half is at least half a unit of V away from a whole
// number of units. The product's error is less: UNIT is wrong by less than 0.4 of 2^-53, rounding by 2^-53, and V has 51 bits.
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
