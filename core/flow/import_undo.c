/* Undo of an import: what is new goes, what was changed gets its former values. */
#include "core/flow/import.h"

#include <assert.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/import_own.h"
#include "core/flow/step.h"

/* ---- undo */

static enum rc values_read(const struct json_object *entry, const char *name,
                           struct import_item *item)
{
    const struct import_noun_info *info = import_noun_info(item->noun);
    const struct json_object *array = NULL;
    TRY(json_get_array(entry, name, IMPORT_COLUMNS_MAX, &array));
    if (json_count(array) != info->columns_count) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < info->columns_count; i++) {
        TRY(json_at_text(array, i, 0, 2000, &item->values[i]));
    }
    return RC_OK;
}

static const struct import_item *present_find(const struct import_park *park,
                                              const struct import_item *item)
{
    for (size_t i = 0; i < park->count; i++) {
        if (park->items[i].noun == item->noun && park->items[i].id == item->id) {
            return &park->items[i];
        }
    }
    return NULL;
}

static bool is_as_written(const struct import_item *present, const struct import_item *after)
{
    const struct import_noun_info *info = import_noun_info(after->noun);
    for (size_t i = 0; i < info->columns_count; i++) {
        if (strcmp(present->values[i], after->values[i]) != 0) {
            return false;
        }
    }
    return true;
}

static enum rc entry_remove(struct db *db, struct import_step *step, const struct import_item *item)
{
    const struct import_noun_info *info = import_noun_info(item->noun);
    int64_t orders = 0;
    if (item->noun == IMPORT_METER || item->noun == IMPORT_SUPPLY) {
        TRY(import_orders_of(db, step->arena, item->noun, item->id, &orders));
    }
    enum rc rc = orders > 0 ? RC_REFUSED : import_item_delete(db, item->noun, item->id);
    if (rc == RC_REFUSED) {
        (void)snprintf(step->why->zh, sizeof(step->why->zh),
                       orders > 0 ? "%s %s 已有遥控记录，不能撤销"
                                  : "%s %s 仍被其他数据引用，不能撤销",
                       info->name_zh, item->key);
        (void)snprintf(step->why->en, sizeof(step->why->en),
                       orders > 0 ? "%s %s has orders and cannot be removed"
                                  : "%s %s cannot be removed: something else hangs on it",
                       info->name, item->key);
    }
    return rc;
}

static enum rc entry_undo(struct db *db, struct import_step *step, const struct import_park *park,
                          const struct json_object *entry)
{
    int64_t noun = 0;
    struct import_item item = {.key = ""};
    TRY(json_get_int(entry, "noun", 0, IMPORT_NOUN__MAX - 1, &noun));
    item.noun = (enum import_noun)noun;
    TRY(json_get_int(entry, "id", 1, INT64_MAX, &item.id));
    TRY(json_get_text(entry, "key", 1, 400, &item.key));
    TRY(values_read(entry, "after", &item));
    const struct import_item *present = present_find(park, &item);
    if (present == NULL || !is_as_written(present, &item)) {
        const struct import_noun_info *info = import_noun_info(item.noun);
        (void)snprintf(step->why->zh, sizeof(step->why->zh), "%s %s 在导入之后又被修改，不能撤销",
                       info->name_zh, item.key);
        (void)snprintf(step->why->en, sizeof(step->why->en),
                       "%s %s was changed after the import, so it cannot be undone", info->name,
                       item.key);
        return RC_REFUSED;
    }
    if (!json_has(entry, "before")) {
        return entry_remove(db, step, &item);
    }
    if (present->busy) {
        IMPORT_WHY(step->why, "%s 有未完成的遥控或检修锁定", "%s has an open order or a lock-out",
                   item.key);
        return RC_REFUSED;
    }
    TRY(values_read(entry, "before", &item));
    return import_item_update(db, &item);
}

/* Meters that go back to former addresses leave the present ones first. */
static enum rc meters_unplug(struct db *db, const struct json_object *entries)
{
    for (size_t i = 0; i < json_count(entries); i++) {
        const struct json_object *entry = json_at(entries, i);
        int64_t noun = 0;
        int64_t id = 0;
        TRY(json_get_int(entry, "noun", 0, IMPORT_NOUN__MAX - 1, &noun));
        TRY(json_get_int(entry, "id", 1, INT64_MAX, &id));
        if (noun == IMPORT_METER && json_has(entry, "before")) {
            TRY(import_meter_unplug(db, id));
        }
    }
    return RC_OK;
}

static enum rc undo_work(struct db *db, void *context)
{
    struct import_step *step = context;
    struct import_record record;
    TRY(import_lock(db));
    TRY(import_record_read(db, step->arena, step->id, true, &record));
    if (strcmp(record.state, "committed") != 0) {
        import_why_set(step->why, "该导入没有生效，无可撤销",
                       "this import is not committed: nothing to undo");
        return RC_CONFLICT;
    }
    const char *undo = NULL;
    TRY(import_record_undo(db, step->arena, step->id, &undo));
    CLEANUP(json_release) struct json_object *entries = NULL;
    TRY(json_parse(undo, strlen(undo), 5, &entries));
    struct import_park park;
    TRY(import_park_load(db, step->arena, &park));
    TRY(meters_unplug(db, entries));
    for (size_t i = json_count(entries); i > 0; i--) {
        TRY(entry_undo(db, step, &park, json_at(entries, i - 1)));
    }
    TRY(import_record_move(db, step->id, "committed", "undone", NULL));
    return import_audit(db, step, "import.undo", &record);
}

enum rc import_run_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        const char *reason, struct import_why *ret_why)
{
    assert(reason != NULL);
    *ret_why = (struct import_why){.zh = ""};
    struct import_step step = {
        .arena = arena, .actor = actor, .why = ret_why, .id = id, .reason = reason};
    return step_run(db, undo_work, &step);
}
