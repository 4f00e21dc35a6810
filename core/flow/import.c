#include "core/flow/import.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"
#include "core/flow/import_own.h"
#include "core/flow/step.h"

#define UNDO_BYTES_MAX ((size_t)8 << 20)

void import_why_set(struct import_why *out, const char *zh, const char *en)
{
    text_copy(out->zh, sizeof(out->zh), zh);
    text_copy(out->en, sizeof(out->en), en);
}

enum rc import_audit(struct db *db, const struct import_step *step, const char *action,
                     const struct import_record *record)
{
    const char *after = arena_printf(
        step->arena,
        "{\"sha256\":\"%s\",\"new\":%lld,\"change\":%lld,\"same\":%lld,\"error\":%lld}",
        record->sha256_hex, (long long)record->rows[IMPORT_NEW],
        (long long)record->rows[IMPORT_CHANGE], (long long)record->rows[IMPORT_SAME],
        (long long)record->rows[IMPORT_ERROR]);
    const struct audit_entry entry = {.actor = step->actor,
                                      .action = action,
                                      .object_kind = "import",
                                      .object_id = record->id,
                                      .object_label = record->file_name,
                                      .reason = step->reason == NULL ? "" : step->reason,
                                      .before_json = "",
                                      .after_json = after == NULL ? "" : after,
                                      .result = "ok"};
    return audit_write(db, &entry);
}

/* The dry run against the database as this transaction sees it. */
static enum rc check_now(struct db *db, struct import_step *step, struct import_park *park,
                         struct import_check *check)
{
    TRY(import_park_load(db, step->arena, park));
    int line = 0;
    enum rc rc = import_check(step->bytes, step->len, park, step->arena, check, &line);
    if (rc == RC_INVALID) {
        IMPORT_WHY(step->why, "第%d行不是UTF-8文本", "line %d is not UTF-8 text", line);
    } else if (rc == RC_TOO_LARGE) {
        IMPORT_WHY(step->why, "文件超过4 MiB或%d行", "the file has more than 4 MiB or %d rows",
                   IMPORT_ROWS_MAX);
    }
    return rc;
}

static enum rc check_work(struct db *db, void *context)
{
    struct import_step *step = context;
    struct import_park park;
    struct import_check check;
    TRY(check_now(db, step, &park, &check));
    int64_t user_id = step->actor->kind == ACTOR_USER ? step->actor->id : 0;
    TRY(import_record_add(db, step->file_name, step->bytes, step->len, user_id, &check, &step->id));
    struct import_record record;
    TRY(import_record_read(db, step->arena, step->id, false, &record));
    return import_audit(db, step, "import.check", &record);
}

enum rc import_run_check(struct db *db, struct arena *arena, const struct actor *actor,
                         const char *file_name, const char *bytes, size_t len, int64_t *ret_id,
                         struct import_why *ret_why)
{
    assert(actor != NULL && file_name != NULL && ret_id != NULL && ret_why != NULL);
    *ret_why = (struct import_why){.zh = ""};
    char name[IMPORT_FILE_NAME_MAX + 1];
    const char *slash = strrchr(file_name, '/');
    text_copy(name, sizeof(name), slash == NULL ? file_name : slash + 1);
    struct import_step step = {.arena = arena,
                               .actor = actor,
                               .why = ret_why,
                               .file_name = name,
                               .bytes = bytes,
                               .len = len};
    TRY(step_run(db, check_work, &step));
    *ret_id = step.id;
    return RC_OK;
}

/* The file of an import again, checked against the database now. */
enum rc import_check_again(struct db *db, struct import_step *step, struct import_park *park,
                           struct import_check *check)
{
    TRY(import_record_body(db, step->arena, step->id, &step->bytes, &step->len));
    return check_now(db, step, park, check);
}

/* ---- commit */

/* The stored verdicts must be what they would be now. */
static enum rc verdicts_hold(struct db *db, struct import_step *step,
                             const struct import_check *check)
{
    struct import_row *rows = NULL;
    size_t count = 0;
    TRY(import_rows_read(db, step->arena, step->id, &rows, &count));
    for (size_t i = 0; i < check->count; i++) {
        const struct import_item *row = &check->rows[i];
        const struct import_row *stored = i < count ? &rows[i] : NULL;
        if (row->verdict == IMPORT_ERROR) {
            IMPORT_WHY(step->why, "第%d行有错误：%s", "line %d is in error: %s", row->line,
                       row->message_zh);
            (void)snprintf(step->why->en, sizeof(step->why->en), "line %d is in error: %s",
                           row->line, row->message_en);
            return RC_REFUSED;
        }
        if (stored == NULL || stored->line != row->line ||
            strcmp(stored->verdict, import_verdict_name(row->verdict)) != 0 ||
            strcmp(stored->message_en, row->message_en) != 0) {
            IMPORT_WHY(step->why, "试算之后数据库已变化（第%d行 %s），请重新试算",
                       "the database changed since the dry run (line %d, %s): check the file again",
                       row->line, row->key);
            return RC_CONFLICT;
        }
    }
    return RC_OK;
}

static void add_values(struct text *json, const struct import_item *item)
{
    const struct import_noun_info *info = import_noun_info(item->noun);
    text_add_char(json, '[');
    for (size_t i = 0; i < info->columns_count; i++) {
        text_add_string(json, i == 0 ? "" : ",");
        text_add_json_string(json, item->values[i], strlen(item->values[i]));
    }
    text_add_char(json, ']');
}

/* Writes one row and notes how to take it back. */
static enum rc row_commit(struct db *db, struct import_step *step, const struct import_item *row,
                          struct text *undo)
{
    int64_t id = row->id;
    enum rc rc =
        row->verdict == IMPORT_NEW ? import_item_insert(db, row, &id) : import_item_update(db, row);
    if (rc == RC_CONFLICT || rc == RC_REFUSED || rc == RC_INVALID) {
        IMPORT_WHY(step->why, "第%d行 %s 无法写入：与库中数据冲突",
                   "line %d, %s cannot be written: it conflicts with"
                   " what the database holds",
                   row->line, row->key);
        return RC_REFUSED;
    }
    TRY(rc);
    text_printf(undo,
                "%s{\"noun\":%d,\"id\":%lld,\"line\":%d,\"key\":", undo->len == 1 ? "" : ",\n",
                (int)row->noun, (long long)id, row->line);
    text_add_json_string(undo, row->key, strlen(row->key));
    text_add_string(undo, ",\"after\":");
    add_values(undo, row);
    if (row->verdict == IMPORT_CHANGE) {
        text_add_string(undo, ",\"before\":");
        add_values(undo, row->present);
    }
    text_add_char(undo, '}');
    return RC_OK;
}

static enum rc rows_commit(struct db *db, struct import_step *step,
                           const struct import_check *check, struct text *undo)
{
    text_add_char(undo, '[');
    for (size_t i = 0; i < check->count; i++) {
        if (check->rows[i].noun == IMPORT_METER && check->rows[i].verdict == IMPORT_CHANGE) {
            TRY(import_meter_unplug(db, check->rows[i].id));
        }
    }
    for (int noun = 0; noun < IMPORT_NOUN__MAX; noun++) {
        for (size_t i = 0; i < check->count; i++) {
            const struct import_item *row = &check->rows[i];
            if ((int)row->noun == noun && row->verdict != IMPORT_SAME) {
                TRY(row_commit(db, step, row, undo));
            }
        }
    }
    text_add_char(undo, ']');
    return text_result(undo);
}

static enum rc commit_work(struct db *db, void *context)
{
    struct import_step *step = context;
    struct import_record record;
    TRY(import_lock(db));
    TRY(import_record_read(db, step->arena, step->id, true, &record));
    if (strcmp(record.state, "checked") != 0 && strcmp(record.state, "probing") != 0) {
        import_why_set(step->why, "该导入已经生效或已结束",
                       "this import is committed already, or over");
        return RC_CONFLICT;
    }
    struct import_park park;
    struct import_check check;
    TRY(import_check_again(db, step, &park, &check));
    TRY(verdicts_hold(db, step, &check));
    struct text undo __attribute__((cleanup(text_release)));
    text_init(&undo, UNDO_BYTES_MAX);
    TRY(rows_commit(db, step, &check, &undo));
    TRY(import_record_move(db, step->id, record.state, "committed", text_string(&undo)));
    return import_audit(db, step, "import.commit", &record);
}

enum rc import_run_commit(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                          struct import_why *ret_why)
{
    *ret_why = (struct import_why){.zh = ""};
    struct import_step step = {.arena = arena, .actor = actor, .why = ret_why, .id = id};
    return step_run(db, commit_work, &step);
}
