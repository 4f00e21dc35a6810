/*
 * Orders to meters: the whole life of one, each function one transaction with its audit row.
 * Web side: command_request, command_cancel. Poller side: command_scan, command_take,
 * command_mark_sent, command_end. The rules: design 4 (a switch), 6.4 to 6.8; states:
 * core/rules/command_state.h.
 */
#ifndef PW_FLOW_COMMAND_H
#define PW_FLOW_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/command_state.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define COMMAND_REASON_MAX 200 /* characters */
#define COMMAND_MANUAL_EXPIRY_MS                                                                   \
    600000 /* a manual order is not sent later than 10 min after it was given */
#define COMMAND_READ_EXPIRY_MS 60000
#define COMMAND_KEEP_ON_MAX_MS (INT64_C(30) * 86400 * 1000)

#define COMMAND_LOCK_OUT_EXPIRY_MS                                                                 \
    86400000 /* the trip of a lock-out waits a day for a meter that comes back */
#define COMMAND_APPROVAL_EXPIRY_MS 7200000 /* a second person must agree within two hours */
#define COMMAND_STUCK_MS                                                                           \
    30000 /* an order taken for so long is given to whoever asks: its poller died */
#define COMMAND_SENT_MAX_MS 120000 /* a sent order nobody ended by then counts as unknown */

/* What a program knows from its settings file; said once at start-up and again after a reload.
   Until then the strict values hold: not simulated, so experimental models are refused. stale_ms:
   [poller] stale_s. */
void command_configure(bool site_simulated, int64_t stale_ms);
/* The values said last. */
bool command_site_simulated(void);
int64_t command_stale_ms(void);

/* Why an order was refused, beside the rc; stable codes of the API. Static text or "". */
struct command_refusal {
    const char *code;  /* "locked_out", "protected_supply", "read_only_line", "not_offered",
                          "close_by_hand", "arrears",  "frozen_supply", "invalid_field", ... */
    const char *field; /* the input's name, or "" */
};

struct command_request {
    int64_t supply_id;
    enum command_kind kind;
    enum command_origin origin;
    const char *reason;      /* 1 .. 200 characters */
    const char *unit_number; /* "" or what the person typed; must match when the order cuts power */
    int64_t keep_on_until_at_ms; /* keep_on only, else 0 */
    int64_t lock_out_id;         /* ORIGIN_LOCK_OUT only, else 0 */
    int64_t approval_id;         /* set when a second person agreed, else 0 */
};

struct command_answer {
    int64_t command_id;  /* 0 when an approval was made instead */
    int64_t approval_id; /* 0 unless a second person must agree first */
    int32_t shard;       /* whom to wake */
};

/* Checks every rule and writes the order (or the approval that must come first). Does not wake the
   poller: the caller does after commit (wake_poller). Inside or outside a transaction: must be
   called inside db_transact. RC_OK; RC_NOT_FOUND (no such supply); RC_INVALID, RC_REFUSED with
   *ret_refusal set. */
enum rc command_request(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct command_request *request, struct command_answer *ret_answer,
                        struct command_refusal *ret_refusal) MUST_CHECK;

/* What a page may offer for a supply, by the same guards as a manual order. */
struct command_offer {
    enum command_kind kind;
    bool offered;
    const char *why_not; /* code of the guard that would refuse, "" when offered */
    bool needs_second_person;
    bool needs_unit_number;
    bool proven; /* the model was accepted in a recorded run */
};

/* One row a kind, in the order of the enum. RC_NOT_FOUND. */
enum rc command_offers(struct db *db, struct arena *arena, int64_t supply_id,
                       struct command_offer ret_offers[COMMAND_KIND__MAX]) MUST_CHECK;

/* What the poller needs to carry out one order. */
struct command_order {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    int64_t line_id;
    enum command_kind kind;
    enum command_origin origin;
    enum command_state
        state; /* pending, or sent/unknown found after a restart: only read back, never write */
    int64_t requested_at_ms;
    int64_t expires_at_ms;
    int64_t keep_on_until_at_ms;
    char serial_number[24]; /* what the meter must answer before a write */
    bool external_control;  /* trip is proved by current, close is by hand */
};

/* Open orders of a shard (pending, sent, unknown younger than a day), oldest first, at most `max`;
   outside a transaction. An order that a dead poller took and never sent is among them, as pending,
   after COMMAND_STUCK_MS; the caller skips the orders it has in hand itself. */
enum rc command_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                     struct command_order **ret_orders, size_t *ret_count) MUST_CHECK;
/* pending -> taken under the row lock of the supply. Rechecks expiry, newer orders, lock-out,
   freeze, read-only line and the model's maturity against the site's setting; on a refusal ends the
   order itself and answers RC_REFUSED, RC_EXPIRED or RC_CONFLICT (somebody else has it, it is
   superseded, or a frame of an older order of the supply may be under way: try again after its
   read-back). instance: "poller0:pid:start", <= 40 bytes. */
enum rc command_take(struct db *db, int64_t command_id, const char *instance,
                     struct command_order *ret_order) MUST_CHECK;
/* taken -> sent, committed before the frame leaves. RC_CONFLICT if the order is no longer ours,
   RC_EXPIRED, RC_REFUSED (a lock-out came between). Only after RC_OK may a frame leave. */
enum rc command_mark_sent(struct db *db, int64_t command_id, const char *instance) MUST_CHECK;

struct command_result {
    enum command_state
        state; /* confirmed, refused, unknown; or pending to give an unsent order back */
    const char *result_code;   /* "", "serial_mismatch", "meter_silent", "relay_did_not_move",
                                  "arrears", ... */
    const char *evidence_json; /* "" or an object, see api */
    const char
        *serial_number_read; /* "" or what the meter said; a mismatch also freezes the supply */
};

/* Ends an order (or finds an unknown one out). Writes keep_on rows, freezes on serial mismatch,
 * audit. */
enum rc command_end(struct db *db, int64_t command_id, const char *instance,
                    const struct command_result *result) MUST_CHECK;
/* Ends pending orders whose time is over, at most `max`, each in its own transaction: nobody took
   them, and people should see it. For paywatt-jobs. */
enum rc command_expire_due(struct db *db, size_t max, size_t *ret_count) MUST_CHECK;
/* pending -> cancelled by a person. RC_CONFLICT once it left that state. Joins an open transaction.
 */
enum rc command_cancel(struct db *db, const struct actor *actor, int64_t command_id,
                       const char *reason) MUST_CHECK;

#endif
