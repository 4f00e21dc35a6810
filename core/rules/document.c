#include "core/rules/document.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define PDF_TAIL_BYTES 1024
#define JPEG_ZEROS_MAX 64

static const struct {
    const char *name;
    const char *type;
} kinds[DOCUMENT_KIND__MAX] = {
    [DOCUMENT_JPEG] = {"jpeg", "image/jpeg"},
    [DOCUMENT_PNG] = {"png", "image/png"},
    [DOCUMENT_PDF] = {"pdf", "application/pdf"},
};

static bool starts(const uint8_t *bytes, size_t len, const void *with, size_t with_len)
{
    return len >= with_len && memcmp(bytes, with, with_len) == 0;
}

static bool is_jpeg(const uint8_t *bytes, size_t len)
{
    static const uint8_t start[] = {0xff, 0xd8, 0xff};
    if (!starts(bytes, len, start, sizeof(start))) {
        return false;
    }
    for (size_t zeros = 0; zeros < JPEG_ZEROS_MAX && bytes[len - 1] == 0; zeros++) {
        len--;
    }
    return len > sizeof(start) + 1 && bytes[len - 2] == 0xff && bytes[len - 1] == 0xd9;
}

static bool is_png(const uint8_t *bytes, size_t len)
{
    static const uint8_t start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                    0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    return starts(bytes, len, start, sizeof(start)) && len >= sizeof(start) + sizeof(end) &&
           memcmp(bytes + len - sizeof(end), end, sizeof(end)) == 0;
}

static bool is_pdf(const uint8_t *bytes, size_t len)
{
    if (!starts(bytes, len, "%PDF-1.", 7) && !starts(bytes, len, "%PDF-2.", 7)) {
        return false;
    }
    size_t tail = len < PDF_TAIL_BYTES ? len : PDF_TAIL_BYTES;
    return memmem(bytes + len - tail, tail, "%%EOF", 5) != NULL;
}

enum rc document_kind_find(const uint8_t *bytes, size_t len, enum document_kind *ret_kind)
{
    assert(bytes != NULL && ret_kind != NULL);
    if (is_jpeg(bytes, len)) {
        *ret_kind = DOCUMENT_JPEG;
    } else if (is_png(bytes, len)) {
        *ret_kind = DOCUMENT_PNG;
    } else if (is_pdf(bytes, len)) {
        *ret_kind = DOCUMENT_PDF;
    } else {
        return RC_INVALID;
    }
    return RC_OK;
}

const char *document_kind_name(enum document_kind kind)
{
    assert(kind >= 0 && kind < DOCUMENT_KIND__MAX);
    return kinds[kind].name;
}

enum rc document_kind_parse(const char *name, enum document_kind *ret_kind)
{
    for (int i = 0; i < DOCUMENT_KIND__MAX; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = (enum document_kind)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

const char *document_media_type(enum document_kind kind)
{
    assert(kind >= 0 && kind < DOCUMENT_KIND__MAX);
    return kinds[kind].type;
}
