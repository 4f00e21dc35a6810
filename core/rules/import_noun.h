/*
 * What an import file may hold: nouns, their columns, and how one value is read into its canonical
 * text.
 *
 * Every value is kept as canonical text ("40", "1", "vacant", "5200.00"), the same form in which
 * the store reads and writes it, so that comparing, committing and undoing need no code per noun.
 */
#ifndef PW_RULES_IMPORT_NOUN_H
#define PW_RULES_IMPORT_NOUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

#define IMPORT_COLUMNS_MAX 16

/* In the order in which they are written: parents first. */
enum import_noun {
    IMPORT_SITE,
    IMPORT_BUILDING,
    IMPORT_FLOOR,
    IMPORT_UNIT,
    IMPORT_ROOM,
    IMPORT_GATEWAY,
    IMPORT_LINE,
    IMPORT_METER,
    IMPORT_SUPPLY,
    IMPORT_NOUN__MAX
};

/* Places of the columns that rules speak about. */
enum { SITE_CODE = 0 };
enum { FLOOR_BUILDING = 0 };
enum { UNIT_NUMBER, UNIT_BUILDING, UNIT_FLOOR, UNIT_TRADE, UNIT_STATE, UNIT_SHOP_NAME, UNIT_AREA };
enum { ROOM_BUILDING = 2 };
enum { GATEWAY_CODE, GATEWAY_NAME, GATEWAY_ROOM, GATEWAY_HOST };
enum {
    LINE_CODE,
    LINE_NAME,
    LINE_GATEWAY,
    LINE_LINK,
    LINE_PORT,
    LINE_DEVICE,
    LINE_BAUD,
    LINE_PARITY,
    LINE_STOP_BITS,
    LINE_TURNAROUND,
    LINE_TIMEOUT,
    LINE_CYCLE,
    LINE_INTERVAL,
    LINE_SHARD
};
enum {
    METER_NUMBER,
    METER_LINE,
    METER_ADDRESS,
    METER_MODEL,
    METER_SERIAL,
    METER_CT,
    METER_PT,
    METER_EXTERNAL
};
enum { SUPPLY_UNIT, SUPPLY_METER, SUPPLY_CIRCUIT };

enum import_type {
    IMPORT_TYPE_TEXT,   /* min .. max characters, no control characters */
    IMPORT_TYPE_CODE,   /* the same without blanks and slashes */
    IMPORT_TYPE_INT,    /* min .. max */
    IMPORT_TYPE_AREA,   /* m2 with at most two decimals */
    IMPORT_TYPE_FLAG,   /* 1 0, yes no, true false, 是 否 */
    IMPORT_TYPE_WORD,   /* one of words */
    IMPORT_TYPE_SERIAL, /* 12 digits */
    IMPORT_TYPE_HOST,   /* address or name, or empty */
    IMPORT_TYPE_ZONE    /* IANA time zone */
};

struct import_word {
    const char *code; /* canonical; NULL ends a list */
    const char *zh;
};

struct import_column {
    const char *name; /* in the file's header; NULL ends a list */
    enum import_type type;
    int64_t min;
    int64_t max;
    const char *fallback; /* for a new row without it; NULL: it is needed */
    const struct import_word *words;
};

struct import_noun_info {
    const char *name; /* "unit" */
    const char *name_zh;
    size_t columns_count;
    const struct import_column *columns;
    int key[2]; /* columns of the key; -1: none */
};

/* Never NULL. */
const struct import_noun_info *import_noun_info(enum import_noun noun);
/* RC_NOT_FOUND. */
enum rc import_noun_find(const char *name, enum import_noun *ret_noun) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc import_column_find(enum import_noun noun, const char *name, size_t *ret_column) MUST_CHECK;
/* Reads a value (blanks around it are cut). RC_INVALID: *ret_zh and *ret_en say what it must be, in
   the arena or static. RC_MEMORY. */
enum rc import_value_read(const struct import_column *column, const char *text, struct arena *arena,
                          const char **ret_value, const char **ret_zh,
                          const char **ret_en) MUST_CHECK;
/* The key as people read it: "A/1F", "L01-01". NULL without memory. Values of key columns must be
 * set. */
const char *import_key(enum import_noun noun, const char *const *values, struct arena *arena);

#endif
