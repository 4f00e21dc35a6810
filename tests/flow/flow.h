/*
 * Cases of the money flows against a real MariaDB: a table of named cases, each with changes to a
 * small park, one step of business, and what must stand in the database afterwards.
 *
 * What a case does is written down in expected/PROGRAM.txt: the result, then every row that came
 * or changed (fixture against afterwards), then the same step once more ("again"). A person reads
 * that file; PW_FLOW_WRITE=1 writes it anew.
 *
 * Each case also runs under faults (flow.c): the n-th statement lost, answered with a deadlock,
 * COMMIT lost before or behind the server, the n-th piece of memory missing.
 */
#ifndef PW_TESTS_FLOW_H
#define PW_TESTS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/flow/delivery.h"
#include "core/flow/settle.h"
#include "core/store/db.h"

/* What a step is called with. Zero stands for what `given_default` of the program says. */
struct given {
    int64_t id; /* of the thing the step is about */
    int64_t other_id;
    int64_t right_id;
    int64_t approval_id;
    int64_t amount_fen;
    int64_t epoch;
    const char *kind;
    const char *reason;
    const char *instance;
    const char *unit_number;
    const char *serial_number;
    struct evidence evidence; /* of the reading; unit_wh 0: the default reading */
    int64_t reading_age_ms;   /* of the reading; below zero: in the future */
    int64_t offset_ms;        /* added to the clock during the step */
    bool no_power;
    bool not_tripped;
    bool site_real; /* not the simulator */
    bool with_evidence;
    enum delivery_decision decision;
    const char *actor; /* "finance" (user 2) unless set: engineer, administrator, system */
    struct settle_fact fact;
    unsigned seen;
};

struct flow {
    struct db *db; /* as the role that the case names */
    struct arena arena;
    const struct given *given;
    struct actor actor;
    struct command_refusal refusal;
    struct text said; /* outputs of the step */
};

/* Calls the step with the case's words; says its outputs. */
typedef enum rc (*flow_step)(struct flow *flow);

struct flow_case {
    const char *name;
    flow_step step;
    const char *sql; /* after the fixture, several statements; NULL none */
    struct given given;
};

/* Runs all cases; the status of the program. role: whose database user the steps run as, unless
   the case's step is of people (flow_role). */
int flow_main(const char *program, const struct flow_case *cases, size_t count);

/* The reading of a step: of the default meter unless the case says otherwise. */
struct delivery_reading flow_reading(const struct given *given);
/* Adds to what the step said. */
void flow_say(struct flow *flow, const char *format, ...) PRINTF_LIKE(2, 3);
/* Runs work in a transaction of its own. */
enum rc flow_transact(struct flow *flow, db_work work);
/* Uses the connection of this role from here on: "staff", "poller", "notify", "jobs". */
void flow_as(struct flow *flow, const char *role);

#endif
