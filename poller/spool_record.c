#include "poller/spool_record.h"

#include <assert.h>
#include <string.h>

#include "poller/crc32.h"

#define WORDS 12 /* of eight bytes; kind and epoch share one */
#define PAYLOAD_BYTES (WORDS * 8)

_Static_assert(SPOOL_RECORD_BYTES == 8 + PAYLOAD_BYTES, "record and row must agree");

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

void spool_record_write(uint8_t record[SPOOL_RECORD_BYTES], const struct reading_row *row)
{
    const int64_t words[WORDS] = {
        row->meter_id,
        row->taken_at_ms,
        (int64_t)(((uint64_t)(uint32_t)row->kind << 32) | (uint32_t)row->epoch),
        row->energy_wh,
        row->energy_sharp_wh,
        row->energy_peak_wh,
        row->energy_flat_wh,
        row->energy_valley_wh,
        row->balance_fen,
        row->purchase_count,
        row->status_bits,
        row->power_w,
    };
    for (int i = 0; i < WORDS; i++) {
        put(record + 8 + 8 * i, (uint64_t)words[i], 8);
    }
    put(record, PAYLOAD_BYTES, 4);
    put(record + 4, crc32_of(record + 8, PAYLOAD_BYTES), 4);
}

bool spool_record_read(const uint8_t record[SPOOL_RECORD_BYTES], struct reading_row *ret_row)
{
    if (get(record, 4) != PAYLOAD_BYTES ||
        get(record + 4, 4) != crc32_of(record + 8, PAYLOAD_BYTES)) {
        return false;
    }
    int64_t words[WORDS];
    for (int i = 0; i < WORDS; i++) {
        words[i] = (int64_t)get(record + 8 + 8 * i, 8);
    }
    *ret_row = (struct reading_row){
        .meter_id = words[0],
        .taken_at_ms = words[1],
        .kind = (int32_t)((uint64_t)words[2] >> 32),
        .epoch = (int32_t)((uint64_t)words[2] & UINT32_MAX),
        .energy_wh = words[3],
        .energy_sharp_wh = words[4],
        .energy_peak_wh = words[5],
        .energy_flat_wh = words[6],
        .energy_valley_wh = words[7],
        .balance_fen = words[8],
        .purchase_count = words[9],
        .status_bits = words[10],
        .power_w = words[11],
    };
    return true;
}
