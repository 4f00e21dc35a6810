/* GET /meters: the whole park, or what changed since a cursor. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/base/gzip.h"

#define CACHE_MS 1000 /* a cached list may miss a commit that came late for so long */
#define CACHE_READINGS_MS                                                                          \
    250 /* readings come ten times a second: figures may be so old, decisions never */
#define CACHE_BYTES_MAX ((size_t)32 << 20)
#define CURSOR_AGE_MAX_MS (INT64_C(3600) * 1000) /* an older cursor brings the whole list */

struct meter_list_input {
    const char *since;
};

SHAPE(meter_list_input, "MeterListQuery", struct meter_list_input,
      F_TEXT(struct meter_list_input, since, OPTIONAL, 1, 20));

struct meter_list_reply {
    struct shape_list items;
    const char *cursor;
    int64_t server_at;
    bool complete;
};

SHAPE(meter_list, "MeterList", struct meter_list_reply,
      F_LIST(struct meter_list_reply, items, &shape_meter_row),
      F_WORDS(struct meter_list_reply, cursor, NEEDED),
      F_TIME(struct meter_list_reply, server_at, NEEDED),
      F_BOOL(struct meter_list_reply, complete, NEEDED));

/* The whole list as an answer, plain and packed, kept by each worker while nothing was committed:
   many people look at the same park. Its cursor is of the moment it was made, so nothing is missed.
   A worker serves one request at a time. */
static struct {
    struct text body;
    struct text packed; /* gzip of body; empty until somebody asked for it */
    struct meter_list_mark mark;
    int64_t made_at_ms;
    bool filled;
} cache;

static void encode_rows(const struct meter_row *rows, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            text_add_char(out, ',');
        }
        shape_encode(&shape_meter_row, &rows[i], out);
    }
}

/* Rows that are already encoded become the list's body. */
static enum rc encode_body(const struct meter_list_question *question, const struct text *rows,
                           struct text *out)
{
    char time[CLOCK_TEXT_MAX];
    text_clear(out);
    text_add_string(out, "{\"items\":[");
    text_add(out, text_string(rows), rows->len);
    text_printf(out, "],\"cursor\":\"%lld\",\"server_at\":\"%s\",\"complete\":%s}",
                (long long)(question->now_ms - METER_LIST_OVERLAP_MS),
                clock_format_rfc3339(question->now_ms, time),
                question->since_ms == 0 ? "true" : "false");
    return text_result(out);
}

static enum rc encode_list(struct request *request, const struct meter_list_question *question,
                           struct text *out)
{
    struct meter_row *rows = NULL;
    size_t count = 0;
    TRY(meter_list(request->db, request->arena, question, &rows, &count));
    CLEANUP(text_release) struct text encoded;
    text_init(&encoded, CACHE_BYTES_MAX);
    encode_rows(rows, count, &encoded);
    TRY(text_result(&encoded));
    return encode_body(question, &encoded, out);
}

static enum rc refill(struct request *request, const struct meter_list_question *question,
                      const struct meter_list_mark *mark)
{
    cache.filled = false;
    if (cache.body.limit_bytes == 0) {
        text_init(&cache.body, CACHE_BYTES_MAX);
        text_init(&cache.packed, CACHE_BYTES_MAX);
    }
    text_clear(&cache.packed);
    TRY(encode_list(request, question, &cache.body));
    cache.mark = *mark;
    cache.made_at_ms = question->now_ms;
    cache.filled = true;
    return RC_OK;
}

static enum rc answer_cached(struct request *request)
{
    const struct text *bytes = &cache.body;
    request_add_header(request, "Vary", "Accept-Encoding");
    if (gzip_accepted(request->accept_encoding)) {
        if (cache.packed.len == 0) {
            TRY(gzip_pack(text_string(&cache.body), cache.body.len, &cache.packed));
        }
        request_add_header(request, "Content-Encoding", "gzip");
        bytes = &cache.packed;
    }
    return request_reply_bytes(request, 200, "application/json", text_string(bytes), bytes->len);
}

static enum rc answer_all(struct request *request, const struct meter_list_question *question)
{
    struct meter_list_mark mark;
    TRY(meter_list_mark(request->db, request->arena, &mark));
    int64_t age_ms = question->now_ms - cache.made_at_ms;
    bool decided = mark.supply_versions != cache.mark.supply_versions ||
                   mark.supply_at_ms != cache.mark.supply_at_ms ||
                   mark.line_at_ms != cache.mark.line_at_ms || mark.meters != cache.mark.meters;
    int64_t limit_ms = mark.stored_at_ms == cache.mark.stored_at_ms ? CACHE_MS : CACHE_READINGS_MS;
    bool good = cache.filled && !decided && age_ms >= 0 && age_ms < limit_ms;
    if (!good) {
        TRY(refill(request, question, &mark));
    }
    return answer_cached(request);
}

static enum rc answer_since(struct request *request, const struct meter_list_question *question)
{
    request->status = 200;
    request->reply_type = "application/json";
    return encode_list(request, question, request->reply);
}

enum rc handle_meter_list(struct request *request)
{
    const struct meter_list_input *input = request->input;
    struct meter_list_question question = park_question(request);
    int64_t since_ms = 0;
    if (input->since != NULL &&
        text_parse_int(input->since, strlen(input->since), 1, SHAPE_ID_MAX, &since_ms) != RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", "since",
                              "since must be a cursor of this list");
    }
    bool usable = since_ms != 0 && since_ms <= question.now_ms &&
                  question.now_ms - since_ms <= CURSOR_AGE_MAX_MS;
    if (!usable) {
        return answer_all(request, &question);
    }
    question.since_ms = since_ms;
    return answer_since(request, &question);
}
