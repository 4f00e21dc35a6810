/*
 * One order and its supply, both read under the supply's row lock, for the steps that move an order
 * on. Internal to core/flow. Order of calls: init, load, anything, release; all inside one
 * transaction.
 */
#ifndef PW_FLOW_COMMAND_OWN_H
#define PW_FLOW_COMMAND_OWN_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/command.h"
#include "core/store/command.h"
#include "core/store/supply.h"

#define COMMAND_INSTANCE_MAX 40

struct command_own {
    struct db *db;
    struct arena arena;
    struct command_row row;
    struct supply supply;
};

/* Borrows the connection; release frees the arena. */
void command_own_init(struct command_own *own, struct db *db);
void command_own_release(struct command_own *own);
/* Locks the supply, then reads. RC_NOT_FOUND. */
enum rc command_own_load(struct command_own *own, int64_t command_id) MUST_CHECK;
/* Ends the order by a program: state, alarms of a lock-out, audit. RC_CONFLICT if the table of
   moves forbids it. evidence_json: "" or an object. */
enum rc command_own_end(struct command_own *own, enum command_state to, const char *result_code,
                        const char *evidence_json) MUST_CHECK;
/* What the poller is told about an order. */
void command_order_fill(const struct command_row *row, const struct supply *supply,
                        struct command_order *ret_order);

#endif
