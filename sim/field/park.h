/*
 * The park file, as far as the field needs it: gateways, lines, meters, and what each meter feeds.
 *
 * Format: docs/simulator.md; it is the import file of a site (schema/sample-park/park.csv). Nouns
 * and columns that the field does not need are skipped. The park owns its arrays; rows refer to
 * each other by index.
 */
#ifndef PW_SIM_FIELD_PARK_H
#define PW_SIM_FIELD_PARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define PARK_BYTES_MAX (16 << 20)
#define PARK_NAME_MAX 33 /* bytes of a code or number, NUL included */
#define PARK_GATEWAYS_MAX 512
#define PARK_LINES_MAX 1024
#define PARK_METERS_MAX 16384
#define PARK_SENTENCE_MAX 256

enum park_link { PARK_MODBUS_TCP, PARK_RTU_OVER_TCP, PARK_SERIAL };
enum park_model { PARK_DTSY1352, PARK_DDSY1352 };

enum park_trade {
    PARK_DINING,
    PARK_CLOTHES,
    PARK_MARKET,
    PARK_CINEMA,
    PARK_BEAUTY,
    PARK_SCHOOL,
    PARK_DIGITAL,
    PARK_CHILDREN,
    PARK_JEWELS,
    PARK_BOOKS,
    PARK_GYM,
    PARK_COLD_STORE,
    PARK_PUBLIC,
    PARK_TRADE__MAX
};

enum park_state { PARK_VACANT, PARK_FITTING_OUT, PARK_OPEN, PARK_TEMPORARY };

struct park_gateway {
    char code[PARK_NAME_MAX];
    char host[16]; /* IPv4, dotted */
};

struct park_line {
    char code[PARK_NAME_MAX];
    uint32_t gateway;
    enum park_link link;
    uint16_t port;
    int64_t baud;
    char parity; /* N E O */
    int64_t stop_bits;
    int64_t turnaround_ms;
    int64_t response_timeout_ms;
};

struct park_meter {
    char number[PARK_NAME_MAX];
    uint32_t line;
    uint8_t address;
    enum park_model model;
    char serial_number[13]; /* 12 digits */
    uint16_t ct_ratio;
    uint16_t pt_ratio;
    bool external_control;
    enum park_trade trade; /* of the unit it feeds; PARK_PUBLIC without one */
    enum park_state state;
    int64_t area_dm2; /* tenths of a square metre */
};

struct park {
    char time_zone[64];
    struct park_gateway *gateways;
    uint32_t gateways_len;
    struct park_line *lines;
    uint32_t lines_len;
    struct park_meter *meters; /* grouped as in the file */
    uint32_t meters_len;
};

/* Reads the file. On failure sentence says what is wrong in one sentence that names file, line and
   field (PARK_SENTENCE_MAX bytes) and nothing is returned. RC_IO, RC_INVALID, RC_TOO_LARGE,
   RC_MEMORY. */
enum rc park_read(const char *path, char *sentence, struct park *ret_park) MUST_CHECK;
/* The same from memory; name stands for the file in the sentence. */
enum rc park_parse(const char *name, const char *text, size_t len, char *sentence,
                   struct park *ret_park) MUST_CHECK;
/* Frees the arrays. */
void park_release(struct park *park);

#endif
