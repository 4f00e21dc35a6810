/* Rate tables from any registers: what is taken gives a whole day of bands on every date, and a
 * calendar that the tariff engine takes too. */
#include <assert.h>
#include <string.h>

#include "core/rules/rate_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_day(const struct rate_table *table, int month, int day)
{
    struct rate_band bands[RATE_BANDS_MAX];
    size_t count = rate_table_bands(table, month, day, bands);
    assert(count >= 1 && count <= RATE_BANDS_MAX && bands[0].from_minute == 0);
    assert(bands[count - 1].to_minute == RATE_DAY_MINUTES);
    for (size_t i = 0; i < count; i++) {
        assert(bands[i].from_minute < bands[i].to_minute && bands[i].rate < RATE__MAX);
        assert(i == 0 || (bands[i].from_minute == bands[i - 1].to_minute &&
                          bands[i].rate != bands[i - 1].rate));
        assert(rate_table_rate(table, month, day, bands[i].from_minute) == bands[i].rate);
        assert(rate_table_rate(table, month, day, bands[i].to_minute - 1) == bands[i].rate);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct calendar calendar;
    struct rate_table_bytes bytes = {.parts = RATE_TABLE_ALL};
    struct rate_table table;
    size_t days = sizeof(bytes.days);
    memcpy(bytes.zones, data, size < sizeof(bytes.zones) ? size : sizeof(bytes.zones));
    if (size > sizeof(bytes.zones)) {
        size_t rest = size - sizeof(bytes.zones);
        memcpy(bytes.days, data + sizeof(bytes.zones), rest < days ? rest : days);
    }
    if (rate_table_decode(&bytes, &table) != RC_OK) {
        return 0;
    }
    for (int month = 1; month <= 12; month++) {
        check_day(&table, month, 1);
        check_day(&table, month, 28);
    }
    int row = 0;
    rate_table_calendar(&table, &calendar);
    assert(calendar_check(&calendar, &row) == CALENDAR_FINE);
    return 0;
}
