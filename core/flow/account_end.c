#include "core/flow/account_end.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/command.h"
#include "core/store/account.h"
#include "core/store/site_setting.h"

#define DAY_MS INT64_C(86400000)
#define NOTICE_DAYS_MAX 90

enum rc account_end_notice(struct db *db, struct arena *arena, int64_t now_ms,
                           int64_t *ret_before_ms)
{
    const char *value = "";
    int64_t days = 0;
    enum rc rc = site_setting_get(db, arena, "account_end_notice_days", &value);
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    if (rc == RC_NOT_FOUND ||
        text_parse_int(value, strlen(value), 0, NOTICE_DAYS_MAX, &days) != RC_OK) {
        days = ACCOUNT_END_NOTICE_DAYS;
    }
    *ret_before_ms = now_ms + days * DAY_MS;
    return RC_OK;
}

struct tripping {
    struct arena *arena;
    const struct actor *actor;
    int64_t supply_id;
    bool ordered;
};

static enum rc trip_work(struct db *db, void *context)
{
    struct tripping *tripping = context;
    struct command_request request = {.supply_id = tripping->supply_id,
                                      .kind = COMMAND_TRIP,
                                      .origin = ORIGIN_AUTOMATIC,
                                      .reason = "temporary account ended",
                                      .unit_number = ""};
    struct command_answer answer = {0};
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = command_request(db, tripping->arena, tripping->actor, &request, &answer, &refusal);
    tripping->ordered = rc == RC_OK;
    return rc == RC_REFUSED ? RC_OK : rc;
}

enum rc account_end_trips(struct db *db, struct arena *arena, const struct actor *actor,
                          size_t *ret_count)
{
    const char *value = "0";
    int64_t *ids = NULL;
    size_t count = 0;
    *ret_count = 0;
    enum rc rc = site_setting_get(db, arena, "account_end_trip", &value);
    if (rc == RC_NOT_FOUND || (rc == RC_OK && strcmp(value, "1") != 0)) {
        return RC_OK;
    }
    TRY(rc);
    TRY(account_supplies_ended(db, arena, clock_now_ms(), ACCOUNT_END_TRIPS_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        struct tripping tripping = {.arena = arena, .actor = actor, .supply_id = ids[i]};
        TRY(db_transact(db, trip_work, &tripping));
        *ret_count += tripping.ordered ? 1 : 0;
    }
    return RC_OK;
}
