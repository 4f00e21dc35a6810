/* GET /tasks: what waits for a person. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/handlers/tasks.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/rules/approval.h"
#include "core/store/gateway_list.h"
#include "core/store/row.h"
#include "core/store/task_list.h"

#define KEEP_ON_SOON_MS (INT64_C(24) * 3600 * 1000)
#define UNKNOWN_SINCE_MS (INT64_C(7) * 24 * 3600 * 1000)

static const char *const kinds[] = {
    "approval",        "close_by_hand", "frozen_supply",  "stale_meter",    "silent_gateway",
    "unknown_command", "lock_out",      "keep_on_ending", "read_only_line", NULL};
static const char *const severities[] = {"info", "warning", "critical", NULL};

struct task {
    const char *kind;
    const char *title_zh;
    const char *title_en;
    const char *object_kind;
    int64_t object_id;
    const char *unit_number;
    const char *shop_name;
    int64_t since_at;
    const char *severity;
};

SHAPE(task, "Task", struct task, F_ENUM(struct task, kind, NEEDED, kinds),
      F_WORDS(struct task, title_zh, NEEDED), F_WORDS(struct task, title_en, NEEDED),
      F_WORDS(struct task, object_kind, NEEDED), F_ID(struct task, object_id, NEEDED),
      F_WORDS(struct task, unit_number, NULLABLE), F_WORDS(struct task, shop_name, NULLABLE),
      F_TIME(struct task, since_at, NEEDED), F_ENUM(struct task, severity, NEEDED, severities));

struct tasks_reply {
    struct shape_list items;
};

SHAPE(tasks, "Tasks", struct tasks_reply, F_LIST(struct tasks_reply, items, &shape_task));

static const struct {
    const char *kind;
    const char *zh;
    const char *en;
    const char *severity;
} titles[] = {
    {"close_by_hand", "待人工合闸", "To close by hand", "warning"},
    {"frozen_supply", "供电点已冻结,请核对电表", "Supply frozen: check the meter", "critical"},
    {"stale_meter", "仪表数据过期", "Meter not read", "warning"},
    {"silent_gateway", "通讯管理机无应答", "Gateway silent", "critical"},
    {"unknown_command", "指令结果未知", "Outcome of an order unknown", "critical"},
    {"lock_out", "检修锁定中", "Locked out", "info"},
    {"keep_on_ending", "保电将在 24 小时内结束", "Keep-on ends within 24 hours", "info"},
    {"read_only_line", "只读线路", "Read-only line", "info"},
};

static void name_task(struct task *task)
{
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        if (strcmp(titles[i].kind, task->kind) == 0) {
            task->title_zh = titles[i].zh;
            task->title_en = titles[i].en;
            task->severity = titles[i].severity;
        }
    }
}

static enum rc name_stored(struct arena *arena, const struct task_row *row, struct task *task)
{
    enum approval_kind approval = APPROVAL__MAX;
    task->title_zh = row->kind;
    task->title_en = row->kind;
    task->severity = "warning";
    name_task(task);
    if (strcmp(row->kind, "approval") == 0 && approval_find(row->detail, &approval) == RC_OK) {
        task->title_zh = arena_printf(arena, "待复核:%s", approval_title_zh(approval));
        task->title_en = arena_printf(arena, "To approve: %s", approval_title_en(approval));
    }
    /* A lock-out protects somebody only once its trip is proved. */
    if (strcmp(row->kind, "lock_out") == 0 && strcmp(row->detail, "confirmed") != 0) {
        task->title_zh = "检修锁定:分闸尚未得到证实";
        task->title_en = "Lock-out: its trip is not proved";
        task->severity = "critical";
    }
    if (row->name != NULL) {
        task->title_zh = arena_printf(arena, "%s:%s", task->title_zh, row->name);
        task->title_en = arena_printf(arena, "%s: %s", task->title_en, row->name);
    }
    return task->title_zh == NULL || task->title_en == NULL ? RC_MEMORY : RC_OK;
}

static bool on_silent_gateway(const struct gateway_row *gateways, size_t count, int64_t line_id)
{
    for (size_t g = 0; g < count; g++) {
        for (size_t i = 0; i < gateways[g].lines_count; i++) {
            if (gateways[g].lines[i] == line_id) {
                return strcmp(gateways[g].state, "silent") == 0;
            }
        }
    }
    return false;
}

/* What the list of meters says: a stale meter behind a silent gateway is that gateway's one task.
 */
static enum rc add_meters(struct request *request, struct task *tasks, size_t *count,
                          const struct meter_row *rows, size_t rows_count)
{
    struct gateway_row *gateways = NULL;
    size_t gateways_count = 0;
    TRY(gateways_list(request->db, request->arena, &gateways, &gateways_count));
    for (size_t i = 0; i < rows_count; i++) {
        const struct meter_row *row = &rows[i];
        bool by_hand = strcmp(row->state, "close_by_hand") == 0;
        bool stale = row->stale && !on_silent_gateway(gateways, gateways_count, row->line_id);
        if (!by_hand && !stale) {
            continue;
        }
        struct task *task = &tasks[(*count)++];
        *task = (struct task){.kind = by_hand ? "close_by_hand" : "stale_meter",
                              .object_kind = "meter",
                              .object_id = row->id,
                              .unit_number = row->unit_number,
                              .shop_name = row->shop_name,
                              .since_at = row->taken_at};
        name_task(task);
    }
    return RC_OK;
}

static enum rc collect(struct request *request, struct task **ret_tasks, size_t *ret_count)
{
    struct meter_list_question question = park_question(request);
    struct meter_row *meters = NULL;
    struct task_row *rows = NULL;
    size_t meters_count = 0;
    size_t rows_count = 0;
    TRY(meter_list(request->db, request->arena, &question, &meters, &meters_count));
    TRY(task_list(request->db, request->arena, question.now_ms, question.now_ms + KEEP_ON_SOON_MS,
                  question.now_ms - UNKNOWN_SINCE_MS, &rows, &rows_count));
    struct task *tasks =
        arena_take_array(request->arena, meters_count + rows_count + 1, sizeof *tasks);
    if (tasks == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < rows_count; i++) {
        tasks[count] = (struct task){.kind = rows[i].kind,
                                     .object_kind = rows[i].object_kind,
                                     .object_id = rows[i].object_id,
                                     .unit_number = rows[i].unit_number,
                                     .shop_name = rows[i].shop_name,
                                     .since_at = rows[i].since_at};
        TRY(name_stored(request->arena, &rows[i], &tasks[count]));
        count++;
    }
    TRY(add_meters(request, tasks, &count, meters, meters_count));
    *ret_tasks = tasks;
    *ret_count = count;
    return RC_OK;
}

enum rc tasks_count(struct request *request, int64_t *ret_count)
{
    static int64_t counted_at_ms;
    static int64_t counted;
    int64_t now_ms = clock_monotonic_ms();
    if (counted_at_ms == 0 || now_ms - counted_at_ms >= TASKS_COUNT_AGE_MS) {
        struct task *tasks = NULL;
        size_t count = 0;
        TRY(collect(request, &tasks, &count));
        counted = (int64_t)count;
        counted_at_ms = now_ms;
    }
    *ret_count = counted;
    return RC_OK;
}

enum rc handle_task_list(struct request *request)
{
    struct task *tasks = NULL;
    size_t count = 0;
    TRY(collect(request, &tasks, &count));
    struct tasks_reply reply = {.items = {tasks, count}};
    return request_reply(request, 200, &reply);
}
