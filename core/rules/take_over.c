#include "core/rules/take_over.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *code;
    const char *zh;
    const char *en;
} rows[TAKE_OVER_VERDICT__MAX] = {
    [TAKE_OVER_OK] = {"ok", "", ""},
    [TAKE_OVER_BALANCE_DIFFERS] = {"balance_differs", "余额不符", "The balance differs"},
    [TAKE_OVER_COUNT_DIFFERS] = {"count_differs", "次数不符", "The purchase count differs"},
    [TAKE_OVER_PRICE_DIFFERS] = {"price_differs", "电价不符", "The prices differ"},
    [TAKE_OVER_ALARM_DIFFERS] = {"alarm_differs", "预警值不符", "The alarm threshold differs"},
    [TAKE_OVER_SILENT] = {"silent", "电表未读到新的数据", "No new reading of the meter"},
    [TAKE_OVER_ERROR] = {"error", "表格有误", "The sheet's row is wrong"},
    [TAKE_OVER_TAKEN] = {"taken", "已接管", "Taken over"},
    [TAKE_OVER_UNDONE] = {"undone", "已撤销", "Undone"},
};

static bool further_than(int64_t a, int64_t b, int64_t tolerance)
{
    int64_t difference = a > b ? a - b : b - a;
    return difference > tolerance;
}

static bool count_differs(const struct take_over_facts *facts)
{
    const struct take_over_reading *last = facts->second.known ? &facts->second : &facts->first;
    return (facts->has_sheet_count && last->count != facts->sheet_count) ||
           facts->first.count != last->count;
}

static bool balance_differs(const struct take_over_facts *facts)
{
    const struct take_over_reading *last = facts->second.known ? &facts->second : &facts->first;
    if (facts->has_sheet_balance &&
        further_than(last->balance_fen, facts->sheet_balance_fen, facts->tolerance_fen)) {
        return true;
    }
    return last->balance_fen > facts->first.balance_fen ||
           further_than(last->balance_fen, facts->first.balance_fen, facts->tolerance_fen);
}

enum take_over_verdict take_over_judge(const struct take_over_facts *facts)
{
    assert(facts != NULL && facts->tolerance_fen >= 0);
    if (!facts->first.known) {
        return TAKE_OVER_SILENT;
    }
    if (count_differs(facts)) {
        return TAKE_OVER_COUNT_DIFFERS;
    }
    if (balance_differs(facts)) {
        return TAKE_OVER_BALANCE_DIFFERS;
    }
    if (facts->prices_known && !facts->prices_fit) {
        return TAKE_OVER_PRICE_DIFFERS;
    }
    if (facts->has_sheet_alarm && facts->alarm_known &&
        facts->alarm_fen != facts->sheet_alarm_fen) {
        return TAKE_OVER_ALARM_DIFFERS;
    }
    return TAKE_OVER_OK;
}

const char *take_over_verdict_code(enum take_over_verdict verdict)
{
    assert(verdict >= 0 && verdict < TAKE_OVER_VERDICT__MAX);
    return rows[verdict].code;
}

const char *take_over_verdict_zh(enum take_over_verdict verdict)
{
    assert(verdict >= 0 && verdict < TAKE_OVER_VERDICT__MAX);
    return rows[verdict].zh;
}

const char *take_over_verdict_en(enum take_over_verdict verdict)
{
    assert(verdict >= 0 && verdict < TAKE_OVER_VERDICT__MAX);
    return rows[verdict].en;
}
