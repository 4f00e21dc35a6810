#include "core/store/reading_stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CHUNK (REDIS_PIPELINE_MAX / 4) /* two commands an entry, with room to spare */
#define JSON_MAX_BYTES 512
#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

static void add_point(struct text *json, const struct reading *reading, enum point point,
                      const char *key)
{
    int64_t value = 0;
    if (reading_get(reading, point, &value)) {
        text_add_string(json, key);
        text_add_int(json, value);
    }
}

void reading_stream_json(struct text *json, const struct reading_entry *entry)
{
    const struct reading *reading = &entry->reading;
    text_add_string(json, "{\"at\":");
    text_add_int(json, reading->taken_at_ms);
    add_point(json, reading, POINT_power, ",\"p\":");
    add_point(json, reading, POINT_energy, ",\"e\":");
    add_point(json, reading, POINT_balance, ",\"b\":");
    add_point(json, reading, POINT_purchase_count, ",\"n\":");
    add_point(json, reading, POINT_status_bits, ",\"s\":");
    text_add_string(json, ",\"r\":\"");
    text_add_string(json, entry->relay);
    text_add_string(json, "\"}");
}

static enum rc append(struct redis *redis, struct text *json, const struct reading_entry *entry)
{
    char id[24];
    text_clear(json);
    reading_stream_json(json, entry);
    TRY(text_result(json));
    (void)snprintf(id, sizeof(id), "%lld", (long long)entry->reading.meter_id);
    struct redis_arg meter = redis_text(id);
    struct redis_arg value = redis_bytes(json->bytes, json->len);
    TRY(redis_append(redis, REDIS_ARGS(redis_text("XADD"), redis_text("pw:stream:reading"),
                                       redis_text("MAXLEN"), redis_text("~"),
                                       redis_text(STRINGIFY(READING_STREAM_MAX)), redis_text("*"),
                                       redis_text("m"), meter, redis_text("v"), value)));
    return redis_append(redis, REDIS_ARGS(redis_text("HSET"), redis_text("pw:last"), meter, value));
}

enum rc reading_stream_publish(struct redis *redis, const struct reading_entry *entries,
                               size_t count)
{
    assert(redis != NULL && (entries != NULL || count == 0));
    struct text json CLEANUP(text_release);
    text_init(&json, JSON_MAX_BYTES);
    size_t pending = 0;
    size_t errors = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].slow) {
            continue;
        }
        TRY(append(redis, &json, &entries[i]));
        if (++pending == CHUNK) {
            TRY(redis_flush(redis, &errors));
            pending = 0;
        }
    }
    return pending == 0 ? RC_OK : redis_flush(redis, &errors);
}
