#include "sim/field/csv.h"

#include <string.h>

void csv_init(struct csv *csv, const char *text, size_t len)
{
    *csv = (struct csv){.at = text, .end = text + len, .next_line_number = 1};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        csv->at += 3;
    }
}

struct out {
    char *at;
    char *end;
};

static enum rc put(struct out *out, char c)
{
    if (out->at == out->end || c == '\0') {
        return c == '\0' ? RC_INVALID : RC_TOO_LARGE;
    }
    *out->at++ = c;
    return RC_OK;
}

/* A quoted field; at stands behind its opening quote and ends behind the closing one. */
static enum rc read_quoted(struct csv *csv, struct out *out)
{
    for (;;) {
        if (csv->at == csv->end) {
            return RC_INVALID;
        }
        char c = *csv->at++;
        if (c == '"') {
            if (csv->at == csv->end || *csv->at != '"') {
                break;
            }
            csv->at++;
        } else if (c == '\n') {
            csv->next_line_number++;
        }
        TRY(put(out, c));
    }
    if (csv->at != csv->end && *csv->at != ',' && *csv->at != '\n' && *csv->at != '\r') {
        return RC_INVALID;
    }
    return RC_OK;
}

static enum rc read_field(struct csv *csv, struct out *out)
{
    if (csv->fields_len == CSV_FIELDS_MAX || out->at == out->end) {
        return RC_TOO_LARGE;
    }
    csv->fields[csv->fields_len++] = out->at;
    if (csv->at != csv->end && *csv->at == '"') {
        csv->at++;
        TRY(read_quoted(csv, out));
    } else {
        while (csv->at != csv->end && *csv->at != ',' && *csv->at != '\n' && *csv->at != '\r') {
            if (*csv->at == '"') {
                return RC_INVALID;
            }
            TRY(put(out, *csv->at++));
        }
    }
    if (out->at == out->end) {
        return RC_TOO_LARGE;
    }
    *out->at++ = '\0';
    return RC_OK;
}

enum rc csv_next(struct csv *csv)
{
    while (csv->at != csv->end && (*csv->at == '\n' || *csv->at == '\r')) {
        csv->next_line_number += *csv->at == '\n';
        csv->at++;
    }
    csv->line_number = csv->next_line_number;
    csv->fields_len = 0;
    if (csv->at == csv->end) {
        return RC_NOT_FOUND;
    }
    struct out out = {csv->bytes, csv->bytes + sizeof csv->bytes};
    for (;;) {
        TRY(read_field(csv, &out));
        if (csv->at == csv->end || *csv->at != ',') {
            return RC_OK;
        }
        csv->at++;
    }
}
