/*
 * SQL of one word: does a person have to close the breaker of this supply? Marked so, or its
 * breaker is external (above 80 A): by the park's sheet, or by what the meter itself says in its
 * run word. For statements in which s is supply, m its meter and mp the meter's meter_parameter
 * (LEFT JOIN).
 */
#ifndef PW_STORE_BY_HAND_H
#define PW_STORE_BY_HAND_H

/* Register 0022 bit 3, as `external_control` of the shipped models has it. */
#define BY_HAND_SQL "(s.close_by_hand OR m.external_control OR (COALESCE(mp.run_word, 0) & 8) <> 0)"

#endif
