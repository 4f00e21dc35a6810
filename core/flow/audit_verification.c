#include "core/flow/audit_verification.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/store/site_setting.h"

#define NAME "audit_verification"
#define VALUE_MAX 1000

static enum rc keep_work(struct db *db, void *context)
{
    return site_setting_set(db, NAME, context, 0);
}

enum rc audit_verification_keep(struct db *db, const struct audit_verification *verification,
                                int64_t checked_at_ms)
{
    struct text json __attribute__((cleanup(text_release)));
    text_init(&json, VALUE_MAX);
    text_printf(&json,
                "{\"verdict\":%d,\"rows\":%lld,\"first_bad_id\":%lld,\"unchained\":%lld,"
                "\"last_sealed_day\":\"%s\",\"checked_at_ms\":%lld,\"zh\":",
                (int)verification->verdict, (long long)verification->rows,
                (long long)verification->first_bad_id, (long long)verification->unchained,
                verification->last_sealed_day, (long long)checked_at_ms);
    text_add_json_string(&json, verification->text_zh, strlen(verification->text_zh));
    text_add_string(&json, ",\"en\":");
    text_add_json_string(&json, verification->text_en, strlen(verification->text_en));
    text_add_char(&json, '}');
    TRY(text_result(&json));
    return db_transact(db, keep_work, json.bytes);
}

enum rc audit_verification_last(struct db *db, struct arena *arena,
                                struct audit_verification *ret_verification,
                                int64_t *ret_checked_at_ms)
{
    const char *value = NULL;
    TRY(site_setting_get(db, arena, NAME, &value));
    CLEANUP(json_release) struct json_object *json = NULL;
    TRY(json_parse(value, strlen(value), 2, &json));
    struct audit_verification out = {.verdict = AUDIT_OK};
    const char *day = "";
    const char *zh = "";
    const char *en = "";
    int64_t verdict = 0;
    TRY(json_get_int(json, "verdict", AUDIT_OK, AUDIT_SEAL_MISMATCH, &verdict));
    TRY(json_get_int(json, "rows", 0, INT64_MAX, &out.rows));
    TRY(json_get_int(json, "first_bad_id", 0, INT64_MAX, &out.first_bad_id));
    TRY(json_get_int(json, "unchained", 0, INT64_MAX, &out.unchained));
    TRY(json_get_int(json, "checked_at_ms", 0, INT64_MAX, ret_checked_at_ms));
    TRY(json_get_text(json, "last_sealed_day", 0, 15, &day));
    TRY(json_get_text(json, "zh", 0, sizeof(out.text_zh) - 1, &zh));
    TRY(json_get_text(json, "en", 0, sizeof(out.text_en) - 1, &en));
    out.verdict = (enum audit_verdict)verdict;
    text_copy(out.last_sealed_day, sizeof(out.last_sealed_day), day);
    text_copy(out.text_zh, sizeof(out.text_zh), zh);
    text_copy(out.text_en, sizeof(out.text_en), en);
    *ret_verification = out;
    return RC_OK;
}
