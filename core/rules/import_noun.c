#include "core/rules/import_noun.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"

static const struct import_word unit_states[] = {{"vacant", "空置"},
                                                 {"fitting_out", "装修"},
                                                 {"open", "营业"},
                                                 {"temporary", "临时"},
                                                 {NULL, NULL}};
static const struct import_word link_kinds[] = {{"modbus_tcp", "Modbus TCP"},
                                                {"rtu_over_tcp", "RTU over TCP"},
                                                {"serial", "串口"},
                                                {NULL, NULL}};
static const struct import_word parities[] = {{"N", "无"}, {"E", "偶"}, {"O", "奇"}, {NULL, NULL}};
static const struct import_word billing_modes[] = {
    {"meter", "仪表计费"}, {"platform", "平台计费"}, {NULL, NULL}};
static const struct import_word flags[] = {{"1", "是"},   {"0", "否"},    {"1", "yes"}, {"0", "no"},
                                           {"1", "true"}, {"0", "false"}, {NULL, NULL}};

#define TEXT(name, min, max, fallback)                                                             \
    {                                                                                              \
        name, IMPORT_TYPE_TEXT, min, max, fallback, NULL                                           \
    }
#define CODE(name, min, fallback)                                                                  \
    {                                                                                              \
        name, IMPORT_TYPE_CODE, min, 32, fallback, NULL                                            \
    }
#define INT(name, min, max, fallback)                                                              \
    {                                                                                              \
        name, IMPORT_TYPE_INT, min, max, fallback, NULL                                            \
    }
#define WORD(name, words, fallback)                                                                \
    {                                                                                              \
        name, IMPORT_TYPE_WORD, 0, 0, fallback, words                                              \
    }
#define FLAG(name)                                                                                 \
    {                                                                                              \
        name, IMPORT_TYPE_FLAG, 0, 0, "0", flags                                                   \
    }

static const struct import_column site_columns[] = {
    CODE("code", 1, NULL),
    TEXT("name", 1, 80, NULL),
    TEXT("name_en", 0, 80, ""),
    {"time_zone", IMPORT_TYPE_ZONE, 1, 40, NULL, NULL},
};
static const struct import_column building_columns[] = {
    CODE("code", 1, NULL),
    TEXT("name", 1, 80, NULL),
    TEXT("name_en", 0, 80, ""),
};
static const struct import_column floor_columns[] = {
    CODE("building", 1, NULL),
    CODE("code", 1, NULL),
    TEXT("name", 1, 80, NULL),
    INT("position", -99, 999, "0"),
};
static const struct import_column unit_columns[] = {
    [UNIT_NUMBER] = TEXT("number", 1, 32, NULL),
    [UNIT_BUILDING] = CODE("building", 1, NULL),
    [UNIT_FLOOR] = CODE("floor", 1, NULL),
    [UNIT_TRADE] = TEXT("trade", 0, 32, ""),
    [UNIT_STATE] = WORD("state", unit_states, "vacant"),
    [UNIT_SHOP_NAME] = TEXT("shop_name", 0, 80, ""),
    [UNIT_AREA] = {"area_m2", IMPORT_TYPE_AREA, 0, 0, "0.00", NULL},
};
static const struct import_column room_columns[] = {
    CODE("code", 1, NULL),
    TEXT("name", 1, 80, NULL),
    [ROOM_BUILDING] = CODE("building", 0, ""),
};
static const struct import_column gateway_columns[] = {
    [GATEWAY_CODE] = CODE("code", 1, NULL),
    [GATEWAY_NAME] = TEXT("name", 1, 80, NULL),
    [GATEWAY_ROOM] = CODE("room", 0, ""),
    [GATEWAY_HOST] = {"host", IMPORT_TYPE_HOST, 0, 80, "", NULL},
};
static const struct import_column line_columns[] = {
    [LINE_CODE] = CODE("code", 1, NULL),
    [LINE_NAME] = TEXT("name", 1, 80, NULL),
    [LINE_GATEWAY] = CODE("gateway", 1, NULL),
    [LINE_LINK] = WORD("link", link_kinds, NULL),
    [LINE_PORT] = INT("port", 0, 65535, "0"),
    [LINE_DEVICE] = TEXT("device", 0, 120, ""),
    [LINE_BAUD] = INT("baud", 300, 115200, "9600"),
    [LINE_PARITY] = WORD("parity", parities, "N"),
    [LINE_STOP_BITS] = INT("stop_bits", 1, 2, "1"),
    [LINE_TURNAROUND] = INT("turnaround_ms", 0, 5000, "50"),
    [LINE_TIMEOUT] = INT("response_timeout_ms", 50, 20000, "1000"),
    [LINE_CYCLE] = INT("cycle_s", 0, 86400, "0"),
    [LINE_INTERVAL] = INT("interval_s", 60, 86400, "900"),
    [LINE_SHARD] = INT("shard", 0, 999, "0"),
};
static const struct import_column meter_columns[] = {
    [METER_NUMBER] = TEXT("number", 1, 32, NULL),
    [METER_LINE] = CODE("line", 1, NULL),
    [METER_ADDRESS] = INT("address", 1, 247, NULL),
    [METER_MODEL] = {"model", IMPORT_TYPE_CODE, 1, 64, NULL, NULL},
    [METER_SERIAL] = {"serial_number", IMPORT_TYPE_SERIAL, 12, 12, NULL, NULL},
    INT("ct_ratio", 1, 10000, "1"),
    INT("pt_ratio", 1, 10000, "1"),
    FLAG("external_control"),
};
static const struct import_column supply_columns[] = {
    [SUPPLY_UNIT] = TEXT("unit", 0, 32, ""),
    [SUPPLY_METER] = TEXT("meter", 1, 32, NULL),
    [SUPPLY_CIRCUIT] = INT("circuit", 0, 63, "0"),
    FLAG("protected"),
    FLAG("close_by_hand"),
    WORD("billing_mode", billing_modes, "meter"),
};

#define NOUN(name, zh, columns, key1, key2)                                                        \
    {                                                                                              \
        name, zh, ARRAY_LEN(columns), columns,                                                     \
        {                                                                                          \
            key1, key2                                                                             \
        }                                                                                          \
    }
static const struct import_noun_info nouns[IMPORT_NOUN__MAX] = {
    [IMPORT_SITE] = NOUN("site", "项目", site_columns, 0, -1),
    [IMPORT_BUILDING] = NOUN("building", "楼栋", building_columns, 0, -1),
    [IMPORT_FLOOR] = NOUN("floor", "楼层", floor_columns, 0, 1),
    [IMPORT_UNIT] = NOUN("unit", "铺位", unit_columns, 0, -1),
    [IMPORT_ROOM] = NOUN("room", "强电间", room_columns, 0, -1),
    [IMPORT_GATEWAY] = NOUN("gateway", "通讯管理机", gateway_columns, 0, -1),
    [IMPORT_LINE] = NOUN("line", "总线", line_columns, 0, -1),
    [IMPORT_METER] = NOUN("meter", "仪表", meter_columns, 0, -1),
    [IMPORT_SUPPLY] = NOUN("supply", "供电点", supply_columns, SUPPLY_METER, SUPPLY_CIRCUIT),
};

_Static_assert(ARRAY_LEN(line_columns) <= IMPORT_COLUMNS_MAX, "columns fit");

const struct import_noun_info *import_noun_info(enum import_noun noun)
{
    assert((size_t)noun < ARRAY_LEN(nouns));
    return &nouns[noun];
}

enum rc import_noun_find(const char *name, enum import_noun *ret_noun)
{
    for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
        if (strcmp(nouns[i].name, name) == 0) {
            *ret_noun = (enum import_noun)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc import_column_find(enum import_noun noun, const char *name, size_t *ret_column)
{
    const struct import_noun_info *info = import_noun_info(noun);
    for (size_t i = 0; i < info->columns_count; i++) {
        if (strcmp(info->columns[i].name, name) == 0) {
            *ret_column = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

static const char *trimmed(const char *text, struct arena *arena)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        len--;
    }
    return arena_copy(arena, text, len);
}

static bool has_control(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            return true;
        }
    }
    return false;
}

#define WRONG(zh, en)                                                                              \
    do {                                                                                           \
        *ret_zh = (zh);                                                                            \
        *ret_en = (en);                                                                            \
        return *ret_zh == NULL || *ret_en == NULL ? RC_MEMORY : RC_INVALID;                        \
    } while (0)

static enum rc text_read(const struct import_column *column, const char *text, struct arena *arena,
                         const char **ret_zh, const char **ret_en)
{
    int64_t characters = (int64_t)text_characters(text, strlen(text));
    if (characters < column->min) {
        WRONG("不能为空", "must not be empty");
    }
    if (characters > column->max) {
        WRONG(arena_printf(arena, "最多%lld个字符，现有%lld个", (long long)column->max,
                           (long long)characters),
              arena_printf(arena, "may have at most %lld characters, not %lld",
                           (long long)column->max, (long long)characters));
    }
    if (has_control(text)) {
        WRONG("含有控制字符", "holds a control character");
    }
    if (column->type == IMPORT_TYPE_CODE && strpbrk(text, " /") != NULL) {
        WRONG("编码中不能有空格或斜线", "is a code and may hold neither blank nor slash");
    }
    return RC_OK;
}

static enum rc word_read(const struct import_column *column, const char *text, struct arena *arena,
                         const char **ret_value, const char **ret_zh, const char **ret_en)
{
    struct text choices __attribute__((cleanup(text_release)));
    text_init(&choices, 400);
    for (const struct import_word *word = column->words; word->code != NULL; word++) {
        if (strcmp(word->code, text) == 0 || strcmp(word->zh, text) == 0) {
            *ret_value = word->code;
            return RC_OK;
        }
        text_printf(&choices, "%s%s (%s)", word == column->words ? "" : ", ", word->code, word->zh);
    }
    if (column->type == IMPORT_TYPE_FLAG) {
        WRONG("应为 1/0、是/否、yes/no 或 true/false", "must be 1 or 0, yes or no, true or false");
    }
    WRONG(arena_printf(arena, "应为其中之一：%s", text_string(&choices)),
          arena_printf(arena, "must be one of %s", text_string(&choices)));
}

static bool is_made_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

enum rc import_value_read(const struct import_column *column, const char *text, struct arena *arena,
                          const char **ret_value, const char **ret_zh, const char **ret_en)
{
    assert(column != NULL && text != NULL && arena != NULL && ret_value != NULL);
    const char *value = trimmed(text, arena);
    if (value == NULL) {
        return RC_MEMORY;
    }
    if (value[0] == '\0' && column->fallback != NULL) {
        value = column->fallback;
    }
    int64_t number = 0;
    size_t len = strlen(value);
    switch (column->type) {
    case IMPORT_TYPE_TEXT:
    case IMPORT_TYPE_CODE:
        TRY(text_read(column, value, arena, ret_zh, ret_en));
        break;
    case IMPORT_TYPE_INT:
        if (text_parse_int(value, len, column->min, column->max, &number) != RC_OK) {
            WRONG(arena_printf(arena, "应为%lld到%lld的整数", (long long)column->min,
                               (long long)column->max),
                  arena_printf(arena, "must be a whole number from %lld to %lld",
                               (long long)column->min, (long long)column->max));
        }
        break;
    case IMPORT_TYPE_AREA:
        if (text_parse_decimal(value, len, 2, &number) != RC_OK || number < 0 ||
            number > INT64_C(100000000)) {
            WRONG("应为不小于0、最多两位小数的平方米数",
                  "must be square metres, not negative, with at most two decimals");
        }
        value = arena_printf(arena, "%lld.%02lld", (long long)(number / 100),
                             (long long)(number % 100));
        break;
    case IMPORT_TYPE_FLAG:
    case IMPORT_TYPE_WORD:
        TRY(word_read(column, value, arena, &value, ret_zh, ret_en));
        break;
    case IMPORT_TYPE_SERIAL:
        if (len != 12 || !is_made_of(value, DIGITS)) {
            WRONG(
                "表号应为12位数字（每次写表前核对）",
                "must be the 12 digits of the meter's serial number (compared before each write)");
        }
        break;
    case IMPORT_TYPE_HOST:
        if (len > (size_t)column->max || !is_made_of(value, LETTERS DIGITS ".-:_")) {
            WRONG("应为IP地址或主机名", "must be an IP address or a host name");
        }
        break;
    case IMPORT_TYPE_ZONE:
        if (len < 3 || len > (size_t)column->max || value[0] == '/' ||
            !is_made_of(value, LETTERS DIGITS "/_+-")) {
            WRONG("应为IANA时区，如 Asia/Shanghai",
                  "must be an IANA time zone such as Asia/Shanghai");
        }
        break;
    }
    *ret_value = value;
    return value == NULL ? RC_MEMORY : RC_OK;
}

const char *import_key(enum import_noun noun, const char *const *values, struct arena *arena)
{
    const struct import_noun_info *info = import_noun_info(noun);
    const char *first = values[info->key[0]];
    const char *second = info->key[1] < 0 ? NULL : values[info->key[1]];
    assert(first != NULL);
    if (second == NULL || (noun == IMPORT_SUPPLY && strcmp(second, "0") == 0)) {
        return first;
    }
    return arena_printf(arena, "%s/%s", first, second);
}
