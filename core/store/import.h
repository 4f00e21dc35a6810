/*
 * Imports in the database: the file, its rows with verdicts, the park as it is now, and writing one
 * thing of it.
 */
#ifndef PW_STORE_IMPORT_H
#define PW_STORE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/import_check.h"
#include "core/store/db.h"

#define IMPORT_FILE_NAME_MAX 120 /* characters */

/* Everything an import may change, as items. Strings in the arena. */
enum rc import_park_load(struct db *db, struct arena *arena,
                         struct import_park *ret_park) MUST_CHECK;

/* Writes one item; *ret_id is its id. RC_REFUSED, RC_CONFLICT as the table's rules have it. In a
 * transaction. */
enum rc import_item_insert(struct db *db, const struct import_item *item,
                           int64_t *ret_id) MUST_CHECK;
enum rc import_item_update(struct db *db, const struct import_item *item) MUST_CHECK;
/* Takes a meter off its address until import_item_update puts it back, so that two may change
 * places. */
enum rc import_meter_unplug(struct db *db, int64_t id) MUST_CHECK;
/* Removes it, and what the poller noted about it. RC_REFUSED while something else hangs on it. */
enum rc import_item_delete(struct db *db, enum import_noun noun, int64_t id) MUST_CHECK;
/* Orders ever given to a meter or a supply: it cannot vanish then. */
enum rc import_orders_of(struct db *db, struct arena *arena, enum import_noun noun, int64_t id,
                         int64_t *ret_orders) MUST_CHECK;

/* Lets one import at a time decide: a twin waits, and is then told to look again (RC_RETRY),
   because this changes a row that both change. Ends with the transaction. */
enum rc import_lock(struct db *db) MUST_CHECK;

struct import_record {
    int64_t id;
    const char *file_name;
    const char *state; /* checked, probing, committed, undone, abandoned */
    char sha256_hex[65];
    const char *created_by_name;
    int64_t created_at_ms;
    int64_t committed_at_ms; /* 0: never */
    int64_t undone_at_ms;
    int64_t rows[IMPORT_VERDICT__MAX];
    int64_t probes_bad; /* mismatch or silent */
};

/* Stores a dry run: the file and all its rows. user_id 0: an operator. In a transaction. */
enum rc import_record_add(struct db *db, const char *file_name, const char *bytes, size_t len,
                          int64_t user_id, const struct import_check *check,
                          int64_t *ret_id) MUST_CHECK;
/* RC_NOT_FOUND. for_update: locks the row (in a transaction). */
enum rc import_record_read(struct db *db, struct arena *arena, int64_t id, bool for_update,
                           struct import_record *ret_record) MUST_CHECK;
/* Newest first, ids below `below` (INT64_MAX: all). */
enum rc import_record_list(struct db *db, struct arena *arena, int64_t below, size_t max,
                           struct import_record **ret_records, size_t *ret_count) MUST_CHECK;
enum rc import_record_body(struct db *db, struct arena *arena, int64_t id, const char **ret_bytes,
                           size_t *ret_len) MUST_CHECK;
enum rc import_record_undo(struct db *db, struct arena *arena, int64_t id,
                           const char **ret_json) MUST_CHECK;
/* State moves; undo_json may be NULL. RC_CONFLICT if it is not in `from`. */
enum rc import_record_move(struct db *db, int64_t id, const char *from, const char *to,
                           const char *undo_json) MUST_CHECK;

struct import_row {
    int64_t line;
    const char *noun;
    const char *key;
    const char *verdict;
    const char *message_zh;
    const char *message_en;
    const char *probe;
    const char *probe_text;
};

enum rc import_rows_read(struct db *db, struct arena *arena, int64_t id,
                         struct import_row **ret_rows, size_t *ret_count) MUST_CHECK;
enum rc import_row_probe(struct db *db, int64_t id, int64_t line, const char *probe,
                         const char *probe_text) MUST_CHECK;

#endif
