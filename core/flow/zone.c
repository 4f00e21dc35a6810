#include "core/flow/zone.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "/usr/share/zoneinfo/"
#define FILE_BYTES_MAX 65536
#define HEADER_BYTES 44
#define TYPE_BYTES 6

/* Where the numbers of one TZif block stand (RFC 8536 section 3). */
struct block {
    const uint8_t *times; /* 8 bytes each */
    const uint8_t *kinds; /* 1 byte each: index of a type */
    const uint8_t *types; /* TYPE_BYTES each */
    size_t time_count;
    size_t type_count;
};

static uint32_t number32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t number64(const uint8_t *at)
{
    return (int64_t)((uint64_t)number32(at) << 32 | number32(at + 4));
}

/* Bytes of a block's data; width: of a time, 4 or 8. */
static size_t block_bytes(const uint8_t *header, size_t width)
{
    return number32(header + 20) + number32(header + 24) + number32(header + 28) * (width + 4) +
           number32(header + 32) * (width + 1) + number32(header + 36) * TYPE_BYTES +
           number32(header + 40);
}

static enum rc find_block(const uint8_t *bytes, size_t len, struct block *ret_block)
{
    if (len < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2') {
        return RC_INVALID;
    }
    size_t first = HEADER_BYTES + block_bytes(bytes, 4);
    if (first > len || len - first < HEADER_BYTES || memcmp(bytes + first, "TZif", 4) != 0) {
        return RC_INVALID;
    }
    const uint8_t *header = bytes + first;
    if (len - first - HEADER_BYTES < block_bytes(header, 8)) {
        return RC_INVALID;
    }
    struct block block = {.time_count = number32(header + 32), .type_count = number32(header + 36)};
    block.times = header + HEADER_BYTES;
    block.kinds = block.times + block.time_count * 8;
    block.types = block.kinds + block.time_count;
    if (block.type_count == 0) {
        return RC_INVALID;
    }
    *ret_block = block;
    return RC_OK;
}

static enum rc offset_minutes(const struct block *block, size_t type, int *ret_minutes)
{
    if (type >= block->type_count) {
        return RC_INVALID;
    }
    *ret_minutes = (int32_t)number32(block->types + type * TYPE_BYTES) / 60;
    return RC_OK;
}

static enum rc read_block(const struct block *block, struct calendar_zone *zone)
{
    int minutes = 0;
    TRY(offset_minutes(block, 0, &minutes));
    *zone = (struct calendar_zone){.count = 1};
    zone->rows[0] =
        (struct calendar_offset){.from_at_ms = CALENDAR_FIRST_MS, .offset_minutes = minutes};
    for (size_t i = 0; i < block->time_count; i++) {
        int64_t at_s = number64(block->times + i * 8);
        TRY(offset_minutes(block, block->kinds[i], &minutes));
        if (at_s * 1000 <= CALENDAR_FIRST_MS) {
            zone->rows[0].offset_minutes = minutes;
            continue;
        }
        if (zone->count == CALENDAR_OFFSETS_MAX) {
            break; /* decades ahead */
        }
        zone->rows[zone->count++] =
            (struct calendar_offset){.from_at_ms = at_s * 1000, .offset_minutes = minutes};
    }
    int row = 0;
    return calendar_zone_check(zone, &row) == CALENDAR_FINE ? RC_OK : RC_INVALID;
}

enum rc zone_load(const char *name, struct calendar_zone *ret_zone)
{
    char path[160];
    static _Thread_local uint8_t bytes[FILE_BYTES_MAX];
    if (strstr(name, "..") != NULL || name[0] == '/' || strlen(name) > 80) {
        return RC_NOT_FOUND;
    }
    (void)snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return RC_NOT_FOUND;
    }
    size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    struct block block;
    struct calendar_zone zone;
    TRY(find_block(bytes, len, &block));
    TRY(read_block(&block, &zone));
    *ret_zone = zone;
    return RC_OK;
}
