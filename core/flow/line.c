#include "core/flow/line.h"

#include <assert.h>

#include "core/flow/step.h"
#include "core/store/line_list.h"

enum rc line_set_writable(struct db *db, struct arena *arena, const struct actor *actor,
                          int64_t line_id, bool writable, const char *reason,
                          struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    bool was = false;
    const char *code = "";
    TRY(lines_lock(db, arena, line_id, &was, &code));
    if (was == writable) {
        return RC_OK;
    }
    TRY(lines_set_writable(db, line_id, writable, actor->kind == ACTOR_USER ? actor->id : 0));
    return step_audit(
        db, actor, writable ? AUDIT_ACTION_LINE_SET_WRITABLE : AUDIT_ACTION_LINE_SET_READ_ONLY,
        "line", line_id, code, reason, was ? "{\"writable\":true}" : "{\"writable\":false}",
        writable ? "{\"writable\":true}" : "{\"writable\":false}");
}
