/*
 * The rate tables that an Acrel meter keeps (meters.md 1.5), as bytes of its registers, to and from
 * a calendar:
 *
 *   zones      4 x [table number 1..2, day, month]   a zone begins at its date, year around
 *   day table  14 x [rate, minute, hour]             rate 1 sharp 2 peak 3 flat 4 valley 5 deep
 *                                                    valley; rate 0, table number 0: not used
 *
 * A slot lasts until the next one; before the first one the last one goes on from the day before.
 * A meter knows neither weekdays nor named dates.
 */
#ifndef PW_RULES_TARIFF_TABLE_H
#define PW_RULES_TARIFF_TABLE_H

#include <stdint.h>

#include "core/rules/calendar.h"

#define METER_ZONES 4
#define METER_TABLES 2
#define METER_SLOTS 14

struct meter_tables {
    uint8_t zones[METER_ZONES * 3];
    uint8_t days[METER_TABLES][METER_SLOTS * 3];
};

/* Why a calendar does not fit into a meter. */
enum table_misfit {
    TABLE_FITS,
    TABLE_DAY_TYPES, /* weekdays or named dates with times of their own */
    TABLE_SEASONS,   /* more than 4 */
    TABLE_TABLES,    /* more than 2 different days */
    TABLE_SLOTS,     /* more than 14 slots a day */
    TABLE_MISFIT__MAX
};

/* Bytes for a meter. The calendar was checked. *ret_tables is untouched unless TABLE_FITS. */
enum table_misfit meter_tables_encode(const struct calendar *calendar,
                                      struct meter_tables *ret_tables) MUST_CHECK;
/* "day_types". Never NULL. */
const char *table_misfit_code(enum table_misfit misfit);
/* The calendar that a meter goes by. RC_PROTOCOL: no zone, a zone of a table without slots, or
   bytes that are no date, time or rate. Slots and zones may stand in any order, twice the same. */
enum rc meter_tables_decode(const struct meter_tables *tables,
                            struct calendar *ret_calendar) MUST_CHECK;

#endif
