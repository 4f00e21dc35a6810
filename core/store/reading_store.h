/*
 * Readings in MariaDB: the last state of each meter (meter_state), its history (reading) and its
 * slow registers (meter_parameter). Everything is written as bulk text; writing the same batch
 * twice stores nothing twice.
 */
#ifndef PW_STORE_READING_STORE_H
#define PW_STORE_READING_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/point.h"
#include "core/rules/rate_table.h"
#include "core/store/db.h"

#define READING_BATCH_MAX 20000
#define READING_SQL_BYTES_MAX                                                                      \
    (16u << 20) /* of one statement; max_allowed_packet is at least that */

enum reading_kind { READING_STATE_ONLY, READING_INTERVAL, READING_CHANGE };
#define READING_WORD_MAX 8 /* bytes of relay and forced, NUL included */

/* A row of history. Absent values are READING_ABSENT. */
#define READING_ABSENT INT64_MIN
struct reading_row {
    int64_t meter_id;
    int64_t taken_at_ms;
    int32_t kind; /* READING_INTERVAL or READING_CHANGE */
    int32_t epoch;
    int64_t energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh, energy_valley_wh;
    int64_t balance_fen;
    int64_t purchase_count;
    int64_t status_bits;
    int64_t power_w;
};

/* One reading with all that is stored of it. A plain value. */
struct reading_entry {
    struct reading reading;
    enum reading_kind kind;
    char relay[READING_WORD_MAX];  /* as in the table's ENUM: "closed" */
    char forced[READING_WORD_MAX]; /* "none", "trip", "keep_on", "unknown" */
    int32_t epoch;
    bool slow;                      /* a slow block: goes to meter_parameter alone */
    struct rate_table_bytes tables; /* slow only; with parts the entry has no points */
    int64_t meter_clock_at_ms;      /* 0: none */
    int64_t day_start_at_ms;        /* 0: none */
    int64_t day_start_energy_wh;
};

/* The history row of an entry whose kind is not READING_STATE_ONLY. */
struct reading_row reading_entry_row(const struct reading_entry *entry);

/* The statements, for tests and for reading_store_write. Each appends one statement, or nothing
   when the list is empty. stored_at_ms is the same for all rows of a batch. States: the entries
   that are not slow; the caller passes each meter once. */
void reading_sql_states(struct text *sql, const struct reading_entry *const *entries, size_t count,
                        int64_t stored_at_ms);
void reading_sql_rows(struct text *sql, const struct reading_row *rows, size_t count);
void reading_sql_parameters(struct text *sql, const struct reading_entry *entry);

/* Work space of one batch, kept by the caller so that its memory is used again. */
struct reading_batch {
    struct text sql;
    const struct reading_entry **latest; /* one a meter */
    struct reading_row *rows;
    uint32_t *slots; /* open addressing: 1 + place in latest, by meter id */
    size_t slots_count;
    size_t size;
};
/* RC_MEMORY. size: 1 .. READING_BATCH_MAX, most entries of one batch. */
enum rc reading_batch_init(struct reading_batch *batch, size_t size) MUST_CHECK;
void reading_batch_release(struct reading_batch *batch);

/* Writes a batch (1 .. batch->size entries, oldest first) in one transaction: states of the latest
   reading of each meter, history rows, parameters. Results as db_transact; RC_UNKNOWN and
   RC_UNAVAILABLE: write it again later. */
enum rc reading_store_write(struct db *db, struct reading_batch *batch,
                            const struct reading_entry *entries, size_t count) MUST_CHECK;
/* Replays history rows (1 .. READING_BATCH_MAX) from the spool in one transaction. */
enum rc reading_store_replay(struct db *db, struct text *sql, const struct reading_row *rows,
                             size_t count) MUST_CHECK;

#endif
