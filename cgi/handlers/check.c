/* GET /checks: what the last run of the invariants found, in sentences. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/invariant_result.h"

static const char *const states[] = {"ok", "broken", "unknown", NULL};

SHAPE(check, "Check", struct invariant_result, F_WORDS(struct invariant_result, name, NEEDED),
      F_WORDS(struct invariant_result, zh, NEEDED), F_WORDS(struct invariant_result, en, NEEDED),
      F_ENUM(struct invariant_result, state, NEEDED, states),
      F_WORDS(struct invariant_result, offenders, NEEDED),
      F_TIME(struct invariant_result, checked_at, NEEDED),
      F_TIME(struct invariant_result, broken_since_at, NULLABLE));

struct checks_reply {
    struct shape_list items;
    int64_t broken;
    int64_t checked_at;
    const char *summary_zh;
    const char *summary_en;
};

SHAPE(checks, "Checks", struct checks_reply, F_LIST(struct checks_reply, items, &shape_check),
      F_NUMBER(struct checks_reply, broken, NEEDED),
      F_TIME(struct checks_reply, checked_at, NULLABLE),
      F_WORDS(struct checks_reply, summary_zh, NEEDED),
      F_WORDS(struct checks_reply, summary_en, NEEDED));

static enum rc summarise(struct arena *arena, struct checks_reply *reply)
{
    if (reply->items.count == 0) {
        reply->summary_zh = "尚未核验";
        reply->summary_en = "Nothing was checked yet";
        return RC_OK;
    }
    if (reply->broken == 0) {
        reply->summary_zh = arena_printf(arena, "%zu 项核验全部成立", reply->items.count);
        reply->summary_en = arena_printf(arena, "All %zu checks hold", reply->items.count);
    } else {
        reply->summary_zh = arena_printf(arena, "%zu 项核验中有 %lld 项不成立", reply->items.count,
                                         (long long)reply->broken);
        reply->summary_en = arena_printf(arena, "%lld of %zu checks do not hold",
                                         (long long)reply->broken, reply->items.count);
    }
    return reply->summary_zh == NULL || reply->summary_en == NULL ? RC_MEMORY : RC_OK;
}

enum rc handle_check_list(struct request *request)
{
    struct checks_reply reply = {0};
    struct invariant_result *results = NULL;
    TRY(invariant_results_list(request->db, request->arena, &results, &reply.items.count));
    reply.items.items = results;
    for (size_t i = 0; i < reply.items.count; i++) {
        reply.broken += strcmp(results[i].state, "ok") == 0 ? 0 : 1;
        if (results[i].checked_at > reply.checked_at) {
            reply.checked_at = results[i].checked_at;
        }
    }
    TRY(summarise(request->arena, &reply));
    return request_reply(request, 200, &reply);
}
