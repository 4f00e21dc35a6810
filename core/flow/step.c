#include "core/flow/step.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"

/* The strict values until a program says its own; a reload may come while other threads read. */
static atomic_bool site_simulated = false;
static _Atomic int64_t stale_limit_ms = 300000;

void command_configure(bool simulated, int64_t stale_ms)
{
    assert(stale_ms > 0);
    site_simulated = simulated;
    stale_limit_ms = stale_ms;
}

bool command_site_simulated(void)
{
    return site_simulated;
}

int64_t command_stale_ms(void)
{
    return stale_limit_ms;
}

enum rc step_refuse(enum rc rc, const char *code, const char *field,
                    struct command_refusal *ret_refusal)
{
    assert(rc != RC_OK);
    *ret_refusal = (struct command_refusal){.code = code, .field = field};
    return rc;
}

enum rc step_check_reason(const char *text, const char *field, struct command_refusal *ret_refusal)
{
    size_t len = strlen(text);
    if (!text_is_utf8(text, len) || text[strspn(text, " \t\r\n")] == '\0' ||
        text_characters(text, len) > COMMAND_REASON_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", field, ret_refusal);
    }
    return RC_OK;
}

struct command_facts step_facts(const struct supply *supply)
{
    return (struct command_facts){
        .actions = supply->actions,
        .in_service = supply->in_service,
        .experimental = supply->experimental,
        .experimental_accepted = supply->experimental_setting && site_simulated,
        .writable_line = supply->writable_line,
        .frozen = supply->frozen,
        .locked_out = supply->locked_out,
        .external_control = supply->external_control,
        .close_by_hand = supply->close_by_hand,
        .protected_supply = supply->protected_supply,
        .fresh = supply->ever_read &&
                 !supply_is_stale(clock_now_ms(), supply->taken_at_ms, stale_limit_ms),
        .relay = supply->relay,
        .forced = supply->forced,
        .status_bits = supply->status_bits,
    };
}

enum rc step_guard(const struct supply *supply, enum command_kind kind, enum command_origin origin,
                   struct command_refusal *ret_refusal)
{
    struct command_facts facts = step_facts(supply);
    const char *code = command_guard(&facts, kind, origin);
    return code[0] == '\0' ? RC_OK : step_refuse(RC_REFUSED, code, "", ret_refusal);
}

enum rc step_check_label(const struct supply *supply, const char *typed,
                         struct command_refusal *ret_refusal)
{
    if (strcmp(typed, supply_label(supply)) != 0) {
        return step_refuse(RC_INVALID, "invalid_field", "unit_number", ret_refusal);
    }
    return RC_OK;
}

enum rc step_audit(struct db *db, const struct actor *actor, enum audit_action action,
                   const char *object_kind, int64_t object_id, const char *object_label,
                   const char *reason, const char *before, const char *after)
{
    struct audit_entry entry = {
        .actor = actor,
        .action = audit_action_code(action),
        .object_kind = object_kind,
        .object_id = object_id,
        .object_label = object_label,
        .reason = reason,
        .before_json = before,
        .after_json = after,
        .result = "ok",
    };
    return audit_write(db, &entry);
}

enum rc step_run(struct db *db, db_work work, void *context)
{
    return db_in_transaction(db) ? work(db, context) : db_transact(db, work, context);
}

const char *step_json_inner(struct arena *arena, const char *s)
{
    const char *quoted = step_json_string(arena, s);
    return quoted == NULL ? NULL : arena_copy(arena, quoted + 1, strlen(quoted) - 2);
}

const char *step_json_string(struct arena *arena, const char *s)
{
    CLEANUP(text_release) struct text text;
    text_init(&text, STEP_ARENA_BYTES);
    text_add_json_string(&text, s, strlen(s));
    if (text_result(&text) != RC_OK) {
        return NULL;
    }
    return arena_copy(arena, text_string(&text), text.len);
}
