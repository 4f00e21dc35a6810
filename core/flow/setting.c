#include "core/flow/setting.h"

#include <assert.h>
#include <string.h>

#include "core/store/site_setting.h"

static const struct {
    const char *name;
    bool simulated_only; /* turning it on is refused where a real field stands behind it */
} settings[] = {
    {"accept_experimental_models", true},
};

struct change {
    struct arena *arena;
    const struct actor *actor;
    const char *name;
    const char *value;
    const char *reason;
};

static enum rc change_work(struct db *db, void *context)
{
    struct change *change = context;
    const char *before = "0";
    enum rc rc = site_setting_get(db, change->arena, change->name, &before);
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    if (strcmp(before, change->value) == 0) {
        return RC_OK;
    }
    int64_t user_id = change->actor->kind == ACTOR_USER ? change->actor->id : 0;
    TRY(site_setting_set(db, change->name, change->value, user_id));
    const char *before_json = arena_printf(change->arena, "{\"value\":\"%s\"}", before);
    const char *after_json = arena_printf(change->arena, "{\"value\":\"%s\"}", change->value);
    if (before_json == NULL || after_json == NULL) {
        return RC_MEMORY;
    }
    const struct audit_entry entry = {.actor = change->actor,
                                      .action = "setting.change",
                                      .object_kind = "setting",
                                      .object_label = change->name,
                                      .reason = change->reason,
                                      .before_json = before_json,
                                      .after_json = after_json,
                                      .result = "ok"};
    return audit_write(db, &entry);
}

enum rc setting_change(struct db *db, struct arena *arena, const struct actor *actor,
                       const char *name, const char *value, bool simulated, const char *reason,
                       const char **ret_why)
{
    assert(actor != NULL && name != NULL && value != NULL && reason != NULL && ret_why != NULL);
    size_t at = 0;
    while (at < ARRAY_LEN(settings) && strcmp(settings[at].name, name) != 0) {
        at++;
    }
    if (at == ARRAY_LEN(settings)) {
        *ret_why = "there is no such setting; known is accept_experimental_models";
        return RC_NOT_FOUND;
    }
    bool on = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    if (!on && strcmp(value, "false") != 0 && strcmp(value, "0") != 0) {
        *ret_why = "the value must be true or false";
        return RC_INVALID;
    }
    if (on && settings[at].simulated_only && !simulated) {
        *ret_why =
            "it is only for a site whose settings say [site] simulated = true; on a real site run"
            " the acceptance of a model";
        return RC_REFUSED;
    }
    *ret_why = "";
    struct change change = {
        .arena = arena, .actor = actor, .name = name, .value = on ? "1" : "0", .reason = reason};
    return db_transact(db, change_work, &change);
}
