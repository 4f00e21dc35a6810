/*
 * The registers of a meter, as functions 03 and 10 see them.
 *
 * Layout: the fact sheet of DTSY1352-NK and DDSY1352 (docs/simulator.md lists the areas and what is
 * not proven on a real meter). A read must lie inside one area, a write must match one writable
 * block.
 */
#ifndef PW_SIM_FIELD_REGISTERS_H
#define PW_SIM_FIELD_REGISTERS_H

#include <stdint.h>

#include "sim/field/meter.h"

#define REGISTERS_READ_MAX 125
#define REGISTERS_WRITE_MAX 123

/* Writes count registers from start, big-endian, into bytes (2 * count). RC_NOT_FOUND: outside
 * every area. */
enum rc registers_read(const struct meter *meter, const struct meter_time *time, uint16_t start,
                       uint16_t count, uint8_t *bytes) MUST_CHECK;
/* Takes count registers for start. RC_NOT_FOUND: not writable there; RC_INVALID: a value is
   impossible; nothing is changed then. */
enum rc registers_write(struct meter *meter, const struct meter_time *time, uint16_t start,
                        uint16_t count, const uint8_t *bytes) MUST_CHECK;
/* 12 digits into 6 BCD bytes, first digit high. */
void registers_bcd(const char *digits, uint8_t bytes[6]);
/* 6 BCD bytes into 12 digits and a NUL. RC_INVALID: a nibble above 9. */
enum rc registers_digits(const uint8_t bytes[6], char digits[13]) MUST_CHECK;

#endif
