/*
 * Questions to the field that are not orders: what answers at this address (probe, for an import),
 * what does this model file make of it (model_test), what may the model promise (acceptance: the
 * one that writes; link also has "amount_fen", "hoard_fen", "serial_number"; result: acceptance.h).
 * The asker writes a row; the poller of the shard takes it between two orders, reads (never
 * writes), and ends it. Both sides find rows in MariaDB; Redis only wakes the poller.
 *
 *   pending -> taken -> done | failed        pending, taken -> expired (by paywatt-jobs, or the
 * asker's patience)
 *
 * Column `link` is always an object: {"model": "CODE"} for a line that exists (line_id), and else
 * also
 *   {"link": "modbus_tcp"|"rtu_over_tcp"|"serial", "host", "port", "device", "baud", "parity":
 * "N"|"E"|"O", "stop_bits", "turnaround_ms", "response_timeout_ms"} - the poller then opens the
 * link for this one question, unless one of its own lines has the same host and port or device:
 * then that line asks. Column `model` is the model file's text for model_test, NULL for probe.
 * Column `result`, written by the poller:
 *   done, both:    {"model_matches": bool, "model_code": int, "serial_number": "12 digits"|"",
 * "run_word": int, "external_control": bool, "taken_at": RFC 3339} model_test:    also "points":
 * [{"point": "voltage.a", "unit": "mV", "value": int}, ...] failed:        {"error":
 * "meter_silent"|"gateway_silent"|"gateway_busy"|"garbled"|"exception"|"unknown_model"|
 *                   "bad_model"|"unknown_line"|"unsupported"|"internal", "detail": "one sentence"}
 */
#ifndef PW_STORE_FIELD_REQUEST_H
#define PW_STORE_FIELD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define FIELD_REQUEST_EXPIRY_MS 120000 /* the poller does not begin on an older one */
#define FIELD_REQUEST_RESULT_MAX 65536

enum field_request_kind {
    FIELD_REQUEST_PROBE,
    FIELD_REQUEST_MODEL_TEST,
    FIELD_REQUEST_ACCEPTANCE,
    FIELD_REQUEST_KIND__MAX
};

struct field_request {
    int64_t id; /* set by the store */
    enum field_request_kind kind;
    int64_t shard;
    int64_t line_id; /* 0: see link_json */
    const char *link_json;
    int64_t address;
    const char *model_json; /* NULL for probe */
    int64_t import_id;      /* 0: none */
    int64_t import_line;
    int64_t expires_at_ms; /* 0 on adding: FIELD_REQUEST_EXPIRY_MS from now */
};

/* Asks. Inside or outside a transaction. */
enum rc field_request_add(struct db *db, const struct field_request *request,
                          int64_t *ret_id) MUST_CHECK;
/* Poller: open questions of a shard, oldest first, at most max; strings in the arena. */
enum rc field_request_scan(struct db *db, struct arena *arena, int64_t shard, size_t max,
                           struct field_request **ret_requests, size_t *ret_count) MUST_CHECK;
/* Poller: pending -> taken. RC_CONFLICT: somebody else has it, or it is over. */
enum rc field_request_take(struct db *db, int64_t id) MUST_CHECK;
/* Poller: taken -> done or failed, with the result above. RC_CONFLICT: it was given up meanwhile.
 */
enum rc field_request_end(struct db *db, int64_t id, bool done, const char *result_json) MUST_CHECK;

struct field_request_answer {
    int64_t id;
    const char *state;  /* as in the table */
    const char *result; /* "" until it ended */
    int64_t import_line;
};

/* One question. RC_NOT_FOUND. */
enum rc field_request_read(struct db *db, struct arena *arena, int64_t id,
                           struct field_request_answer *ret_answer) MUST_CHECK;
/* The newest question about each line of an import, in the order of its lines. */
enum rc field_request_of_import(struct db *db, struct arena *arena, int64_t import_id,
                                struct field_request_answer **ret_answers,
                                size_t *ret_count) MUST_CHECK;
/* Open questions past their time -> expired. */
enum rc field_request_expire(struct db *db, int64_t now_ms, int64_t *ret_count) MUST_CHECK;

#endif
