#include "core/rules/import_check.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"
#include "core/rules/csv.h"
#include "core/rules/import_map.h"

/* The header in force for each noun. */
struct layout {
    bool known;
    size_t count;
    size_t columns[CSV_FIELDS_MAX]; /* column of field 1, 2, ... */
};

struct checker {
    struct arena *arena;
    const struct import_park *park;
    struct import_check *check;
    struct layout layouts[IMPORT_NOUN__MAX];
    struct import_map present; /* noun and key -> item of the database */
    struct import_map file;    /* noun and key -> item of the file */
    struct import_map taken;   /* addresses, serial numbers, endpoints of the final state */
    struct import_map models;
    size_t rows_max;
    bool memory_out;
};

const char *import_verdict_name(enum import_verdict verdict)
{
    static const char *const names[] = {"new", "change", "same", "error"};
    assert((size_t)verdict < ARRAY_LEN(names));
    return names[verdict];
}

/* Cuts to what the table holds. */
static const char *bounded(struct checker *checker, const char *message)
{
    if (message == NULL) {
        checker->memory_out = true;
        return "";
    }
    size_t at = 0;
    size_t characters = 0;
    for (; message[at] != '\0'; at++) {
        characters += ((unsigned char)message[at] & 0xC0) != 0x80;
        if (characters > IMPORT_MESSAGE_CHARACTERS) {
            break;
        }
    }
    if (message[at] == '\0') {
        return message;
    }
    const char *cut = arena_copy(checker->arena, message, at);
    checker->memory_out = checker->memory_out || cut == NULL;
    return cut == NULL ? "" : cut;
}

/* The first error of a row stands. */
static void row_fail(struct checker *checker, struct import_item *row, const char *zh,
                     const char *en)
{
    if (row->verdict != IMPORT_ERROR) {
        row->verdict = IMPORT_ERROR;
        row->message_zh = bounded(checker, zh);
        row->message_en = bounded(checker, en);
    }
}

#define FAIL(row, zh, en, ...)                                                                     \
    row_fail(checker, (row), arena_printf(checker->arena, (zh), __VA_ARGS__),                      \
             arena_printf(checker->arena, (en), __VA_ARGS__))

static const char *column_name(const struct import_item *row, size_t column)
{
    return import_noun_info(row->noun)->columns[column].name;
}

static const char *noun_key(struct checker *checker, enum import_noun noun, const char *key)
{
    const char *whole = arena_printf(checker->arena, "%d|%s", (int)noun, key);
    checker->memory_out = checker->memory_out || whole == NULL;
    return whole == NULL ? "" : whole;
}

static struct import_item *row_add(struct checker *checker, int line)
{
    struct import_check *check = checker->check;
    if (check->count == checker->rows_max) {
        return NULL;
    }
    struct import_item *row = &check->rows[check->count++];
    *row = (struct import_item){
        .noun = IMPORT_NOUN__MAX, .line = line, .key = "", .message_zh = "", .message_en = ""};
    return row;
}

/* "#unit,number,...": 1 when it was a header or comment without fault. */
static void header_read(struct checker *checker, const struct csv_row *csv)
{
    const char *name = csv->fields[0] + 1;
    if (name[0] == ' ' || name[0] == '#' || name[0] == '\0') {
        return; /* a comment */
    }
    enum import_noun noun = IMPORT_SITE;
    if (import_noun_find(name, &noun) != RC_OK) {
        struct import_item *row = row_add(checker, csv->line);
        if (row != NULL) {
            FAIL(row, "不认识的表头名词 #%s", "unknown noun #%s in a header", name);
        }
        return;
    }
    const struct import_noun_info *info = import_noun_info(noun);
    struct layout layout = {.known = true};
    bool seen[IMPORT_COLUMNS_MAX] = {false};
    struct import_item broken = {.noun = noun, .line = csv->line, .key = ""};
    for (size_t i = 1; i < csv->count; i++) {
        size_t column = 0;
        if (import_column_find(noun, csv->fields[i], &column) != RC_OK) {
            FAIL(&broken, "%s 没有列 %s", "%s has no column %s", info->name, csv->fields[i]);
        } else if (seen[column]) {
            FAIL(&broken, "%s 的列 %s 出现两次", "%s has column %s twice", info->name,
                 csv->fields[i]);
        } else {
            seen[column] = true;
            layout.columns[layout.count++] = column;
        }
    }
    for (size_t i = 0; i < info->columns_count; i++) {
        if (!seen[i] && ((int)i == info->key[0] ||
                         ((int)i == info->key[1] && info->columns[i].fallback == NULL))) {
            FAIL(&broken, "%s 的表头缺少列 %s", "the header of %s lacks column %s", info->name,
                 info->columns[i].name);
        }
    }
    if (broken.verdict == IMPORT_ERROR) {
        struct import_item *row = row_add(checker, csv->line);
        if (row != NULL) {
            *row = broken;
        }
        layout.known = false;
    }
    checker->layouts[noun] = layout;
}

static void values_read(struct checker *checker, struct import_item *row, const struct csv_row *csv)
{
    const struct import_noun_info *info = import_noun_info(row->noun);
    const struct layout *layout = &checker->layouts[row->noun];
    for (size_t i = 0; i < layout->count; i++) {
        const struct import_column *column = &info->columns[layout->columns[i]];
        const char *zh = "";
        const char *en = "";
        enum rc rc = import_value_read(column, csv->fields[i + 1], checker->arena,
                                       &row->values[layout->columns[i]], &zh, &en);
        if (rc == RC_MEMORY) {
            checker->memory_out = true;
        } else if (rc != RC_OK && row->verdict != IMPORT_ERROR) {
            row_fail(checker, row,
                     arena_printf(checker->arena, "列 %s：%s，当前为“%s”", column->name, zh,
                                  csv->fields[i + 1]),
                     arena_printf(checker->arena, "column %s %s, not \"%s\"", column->name, en,
                                  csv->fields[i + 1]));
        }
    }
    for (int i = 0; i < 2; i++) { /* a key column that may be left out, as circuit */
        if (info->key[i] >= 0 && row->values[info->key[i]] == NULL) {
            row->values[info->key[i]] = info->columns[info->key[i]].fallback;
        }
        if (info->key[i] >= 0 && row->values[info->key[i]] == NULL) {
            return; /* in error already */
        }
    }
    const char *key = import_key(row->noun, row->values, checker->arena);
    checker->memory_out = checker->memory_out || key == NULL;
    row->key = key == NULL ? "" : key;
}

static enum rc data_read(struct checker *checker, const struct csv_row *csv)
{
    struct import_item *row = row_add(checker, csv->line);
    if (row == NULL) {
        return RC_TOO_LARGE;
    }
    enum import_noun noun = IMPORT_SITE;
    if (import_noun_find(csv->fields[0], &noun) != RC_OK) {
        FAIL(row, "不认识的名词“%s”", "unknown noun \"%s\"", csv->fields[0]);
        return RC_OK;
    }
    row->noun = noun;
    const struct layout *layout = &checker->layouts[noun];
    if (!layout->known) {
        FAIL(row, "%s 行之前没有可用的表头 #%s", "a %s row needs a header #%s before it",
             csv->fields[0], csv->fields[0]);
        return RC_OK;
    }
    if (csv->count - 1 != layout->count) {
        FAIL(row, "应有%zu个值，实有%zu个", "has to have %zu values, not %zu", layout->count,
             csv->count - 1);
        return RC_OK;
    }
    values_read(checker, row, csv);
    return RC_OK;
}

static enum rc file_read(struct checker *checker, const char *bytes, size_t len, int *ret_line)
{
    struct csv csv;
    TRY(csv_open(&csv, bytes, len, ret_line));
    for (;;) {
        struct csv_row row;
        enum rc rc = csv_next(&csv, checker->arena, &row);
        if (rc == RC_NOT_FOUND) {
            return RC_OK;
        }
        if (rc == RC_INVALID) {
            struct import_item *broken = row_add(checker, row.line);
            if (broken == NULL) {
                return RC_TOO_LARGE;
            }
            row_fail(checker, broken, row.problem_zh, row.problem);
        } else if (rc != RC_OK) {
            return rc;
        } else if (row.fields[0][0] == '#') {
            header_read(checker, &row);
        } else {
            TRY(data_read(checker, &row));
        }
    }
}

/* Finds each row's present twin, fills in what the header left out, and marks a key that comes
 * twice. */
static void rows_meet_database(struct checker *checker)
{
    for (size_t i = 0; i < checker->check->count; i++) {
        struct import_item *row = &checker->check->rows[i];
        if (row->noun == IMPORT_NOUN__MAX || row->key[0] == '\0') {
            continue;
        }
        const char *key = noun_key(checker, row->noun, row->key);
        const struct import_item *before = import_map_find(&checker->file, key);
        if (before != NULL) {
            FAIL(row, "%s 与第%d行重复", "%s is already in line %d", row->key, before->line);
            continue;
        }
        import_map_put(&checker->file, key, row);
        row->present = import_map_find(&checker->present, key);
        row->id = row->present == NULL ? 0 : row->present->id;
        row->busy = row->present != NULL && row->present->busy;
        const struct import_noun_info *info = import_noun_info(row->noun);
        for (size_t k = 0; k < info->columns_count; k++) {
            if (row->values[k] == NULL) {
                row->values[k] =
                    row->present != NULL ? row->present->values[k] : info->columns[k].fallback;
            }
            if (row->values[k] == NULL) {
                FAIL(row, "新的一行缺少列 %s", "a new row needs column %s", info->columns[k].name);
            }
        }
    }
}

/* The thing behind a reference: of the file if it is there, else of the database. */
static const struct import_item *referred(struct checker *checker, enum import_noun noun,
                                          const char *key)
{
    const char *whole = noun_key(checker, noun, key);
    const struct import_item *item = import_map_find(&checker->file, whole);
    return item != NULL ? item : import_map_find(&checker->present, whole);
}

static const struct {
    enum import_noun noun;
    size_t column;
    enum import_noun parent;
} references[] = {
    {IMPORT_FLOOR, FLOOR_BUILDING, IMPORT_BUILDING}, {IMPORT_ROOM, ROOM_BUILDING, IMPORT_BUILDING},
    {IMPORT_GATEWAY, GATEWAY_ROOM, IMPORT_ROOM},     {IMPORT_LINE, LINE_GATEWAY, IMPORT_GATEWAY},
    {IMPORT_METER, METER_LINE, IMPORT_LINE},         {IMPORT_SUPPLY, SUPPLY_UNIT, IMPORT_UNIT},
    {IMPORT_SUPPLY, SUPPLY_METER, IMPORT_METER},     {IMPORT_UNIT, UNIT_BUILDING, IMPORT_BUILDING},
};

static void references_check(struct checker *checker, struct import_item *row)
{
    for (size_t i = 0; i < ARRAY_LEN(references); i++) {
        const char *key = row->values[references[i].column];
        if (references[i].noun != row->noun || key[0] == '\0' ||
            referred(checker, references[i].parent, key) != NULL) {
            continue;
        }
        const struct import_noun_info *parent = import_noun_info(references[i].parent);
        row_fail(checker, row,
                 arena_printf(checker->arena, "列 %s：%s“%s”不存在",
                              column_name(row, references[i].column), parent->name_zh, key),
                 arena_printf(checker->arena, "column %s: there is no %s \"%s\"",
                              column_name(row, references[i].column), parent->name, key));
    }
    if (row->noun == IMPORT_UNIT) {
        const char *key = arena_printf(checker->arena, "%s/%s", row->values[UNIT_BUILDING],
                                       row->values[UNIT_FLOOR]);
        if (key == NULL || referred(checker, IMPORT_FLOOR, key) == NULL) {
            FAIL(row, "列 floor：楼栋 %s 没有楼层“%s”",
                 "column floor: building %s has no floor \"%s\"", row->values[UNIT_BUILDING],
                 row->values[UNIT_FLOOR]);
        }
    }
    if (row->noun == IMPORT_METER &&
        import_map_find(&checker->models, row->values[METER_MODEL]) == NULL) {
        FAIL(row, "列 model：没有表型“%s”", "column model: there is no model \"%s\"",
             row->values[METER_MODEL]);
    }
}

static void line_check(struct checker *checker, struct import_item *row)
{
    bool serial = strcmp(row->values[LINE_LINK], "serial") == 0;
    if (serial && row->values[LINE_DEVICE][0] != '/') {
        FAIL(row, "列 device：串口总线需要设备路径（如 /dev/ttyS0），当前为“%s”",
             "column device: a serial line needs the path of its device (such as /dev/ttyS0), not "
             "\"%s\"",
             row->values[LINE_DEVICE]);
    }
    if (!serial && strcmp(row->values[LINE_PORT], "0") == 0) {
        FAIL(row, "列 port：%s 总线需要TCP端口", "column port: a %s line needs a TCP port",
             row->values[LINE_LINK]);
    }
    const struct import_item *gateway =
        referred(checker, IMPORT_GATEWAY, row->values[LINE_GATEWAY]);
    const char *host = gateway == NULL ? NULL : gateway->values[GATEWAY_HOST];
    if (!serial && host != NULL && host[0] == '\0') {
        FAIL(row, "列 gateway：通讯管理机 %s 没有地址（host），TCP总线无法连接",
             "column gateway: gateway %s has no host, so a TCP line cannot reach it",
             row->values[LINE_GATEWAY]);
    }
}

/* What a line is reached by. NULL while that is not known. */
static const char *endpoint(struct checker *checker, const struct import_item *line)
{
    if (strcmp(line->values[LINE_LINK], "serial") == 0) {
        return arena_printf(checker->arena, "e|%s", line->values[LINE_DEVICE]);
    }
    const struct import_item *gateway =
        referred(checker, IMPORT_GATEWAY, line->values[LINE_GATEWAY]);
    if (gateway == NULL || gateway->values[GATEWAY_HOST] == NULL) {
        return NULL;
    }
    return arena_printf(checker->arena, "e|%s:%s", gateway->values[GATEWAY_HOST],
                        line->values[LINE_PORT]);
}

static bool is_whole(const struct import_item *item)
{
    const struct import_noun_info *info = import_noun_info(item->noun);
    for (size_t i = 0; i < info->columns_count; i++) {
        if (item->values[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* Claims what only one may have. A row that comes second is in error; row is NULL for what the file
 * does not touch. */
static void claim(struct checker *checker, const struct import_item *item, struct import_item *row,
                  const char *key, const char *zh, const char *en)
{
    if (key == NULL) {
        return;
    }
    const struct import_item *holder = import_map_find(&checker->taken, key);
    if (holder == NULL) {
        import_map_put(&checker->taken, key, item);
        return;
    }
    if (row == NULL) {
        return;
    }
    const char *where_zh =
        holder->line == 0 ? "已在库中" : arena_printf(checker->arena, "第%d行", holder->line);
    const char *where_en = holder->line == 0
                               ? "in the database"
                               : arena_printf(checker->arena, "line %d", holder->line);
    row_fail(
        checker, row, arena_printf(checker->arena, "%s已被%s占用（%s）", zh, holder->key, where_zh),
        arena_printf(checker->arena, "%s is already taken by %s (%s)", en, holder->key, where_en));
}

static void claims_of(struct checker *checker, const struct import_item *item,
                      struct import_item *row)
{
    struct arena *arena = checker->arena;
    if (item->noun == IMPORT_METER) {
        const char *line = item->values[METER_LINE];
        const char *address = item->values[METER_ADDRESS];
        const char *serial = item->values[METER_SERIAL];
        claim(checker, item, row, arena_printf(arena, "a|%s|%s", line, address),
              arena_printf(arena, "列 address：总线 %s 的地址 %s ", line, address),
              arena_printf(arena, "column address: %s on line %s", address, line));
        if (serial[0] != '\0') {
            claim(checker, item, row, arena_printf(arena, "s|%s", serial),
                  arena_printf(arena, "列 serial_number：表号 %s ", serial),
                  arena_printf(arena, "column serial_number: %s", serial));
        }
    } else if (item->noun == IMPORT_LINE) {
        const char *key = endpoint(checker, item);
        claim(checker, item, row, key,
              arena_printf(arena, "列 port：连接点 %s ", key == NULL ? "" : key + 2),
              arena_printf(arena, "column port: %s", key == NULL ? "" : key + 2));
    } else if (item->noun == IMPORT_SITE) {
        const struct import_item *holder = import_map_find(&checker->taken, "site");
        if (holder != NULL && row != NULL) {
            FAIL(row, "列 code：一个数据库只管一个项目，已有 %s",
                 "column code: a database holds one site, and %s is there already", holder->key);
        }
        import_map_put(&checker->taken, "site", item);
    }
}

/* Over the final state: what the file leaves alone first, then its rows in their order. */
static void claims_check(struct checker *checker)
{
    for (size_t i = 0; i < checker->park->count; i++) {
        const struct import_item *item = &checker->park->items[i];
        if (import_map_find(&checker->file, noun_key(checker, item->noun, item->key)) == NULL) {
            claims_of(checker, item, NULL);
        }
    }
    for (size_t i = 0; i < checker->check->count; i++) {
        struct import_item *row = &checker->check->rows[i];
        if (row->noun < IMPORT_NOUN__MAX && row->verdict != IMPORT_ERROR && is_whole(row)) {
            claims_of(checker, row, row);
        }
    }
}

/* Verdict of a row without fault, with what changes. */
static void row_compare(struct checker *checker, struct import_item *row)
{
    if (row->present == NULL) {
        row->verdict = IMPORT_NEW;
        if (row->noun == IMPORT_LINE) {
            row->message_zh = "新总线从只读开始";
            row->message_en = "a new line starts read-only";
        }
        return;
    }
    struct text changes __attribute__((cleanup(text_release)));
    text_init(&changes, 8000);
    const struct import_noun_info *info = import_noun_info(row->noun);
    for (size_t i = 0; i < info->columns_count; i++) {
        const char *before = row->present->values[i];
        if (strcmp(before, row->values[i]) == 0) {
            continue;
        }
        text_printf(&changes, "%s%s: %s → %s", changes.len == 0 ? "" : "; ", info->columns[i].name,
                    before, row->values[i]);
        if (row->busy && row->noun == IMPORT_METER && i >= METER_LINE && i <= METER_SERIAL) {
            FAIL(row, "列 %s：%s 有未完成的遥控或检修锁定，现在不能改",
                 "column %s: %s has an open order or a lock-out and cannot be moved now",
                 info->columns[i].name, row->key);
        }
    }
    if (row->verdict == IMPORT_ERROR) {
        return;
    }
    row->verdict = changes.len == 0 ? IMPORT_SAME : IMPORT_CHANGE;
    const char *message = arena_copy_string(checker->arena, text_string(&changes));
    row->message_zh = bounded(checker, message);
    row->message_en = row->message_zh;
}

static enum rc checker_start(struct checker *checker)
{
    static const struct import_item known; /* that it is there is all that counts */
    const struct import_park *park = checker->park;
    TRY(import_map_open(&checker->present, checker->arena, park->count));
    TRY(import_map_open(&checker->file, checker->arena, checker->rows_max));
    TRY(import_map_open(&checker->taken, checker->arena, checker->rows_max * 2 + park->count * 2));
    TRY(import_map_open(&checker->models, checker->arena, park->models_count));
    for (size_t i = 0; i < park->count; i++) {
        const struct import_item *item = &park->items[i];
        import_map_put(&checker->present, noun_key(checker, item->noun, item->key), item);
    }
    for (size_t i = 0; i < park->models_count; i++) {
        import_map_put(&checker->models, park->models[i], &known);
    }
    return RC_OK;
}

/* A file cannot have more rows than lines. */
static size_t rows_bound(const char *bytes, size_t len)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    return lines < IMPORT_ROWS_MAX ? lines : IMPORT_ROWS_MAX;
}

enum rc import_check(const char *bytes, size_t len, const struct import_park *park,
                     struct arena *arena, struct import_check *ret_check, int *ret_line)
{
    assert(park != NULL && arena != NULL && ret_check != NULL && ret_line != NULL);
    size_t rows_max = rows_bound(bytes, len);
    struct import_check check = {.rows = arena_take_array(arena, rows_max, sizeof(*check.rows))};
    if (check.rows == NULL) {
        return RC_MEMORY;
    }
    struct checker checker = {.arena = arena, .park = park, .check = &check, .rows_max = rows_max};
    TRY(checker_start(&checker));
    TRY(file_read(&checker, bytes, len, ret_line));
    rows_meet_database(&checker);
    for (size_t i = 0; i < check.count; i++) {
        struct import_item *row = &check.rows[i];
        if (row->verdict != IMPORT_ERROR) {
            references_check(&checker, row);
        }
        if (row->verdict != IMPORT_ERROR && row->noun == IMPORT_LINE) {
            line_check(&checker, row);
        }
    }
    claims_check(&checker);
    for (size_t i = 0; i < check.count; i++) {
        if (check.rows[i].verdict != IMPORT_ERROR) {
            row_compare(&checker, &check.rows[i]);
        }
        check.verdicts[check.rows[i].verdict]++;
    }
    if (checker.memory_out) {
        return RC_MEMORY;
    }
    *ret_check = check;
    return RC_OK;
}
