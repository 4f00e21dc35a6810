/* What bills of all providers are made of: packed bytes from outside. Bounded, names never paths.
 */
#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "core/pay/driver.h"
#include "core/rules/money.h"

#define ROWS_FIRST 64
#define GZIP_OR_ZLIB (15 + 32)
#define PIECE_BYTES 65536

struct pay_bill_row *pay_bill_row_add(struct pay_bill *bill, struct arena *arena, enum rc *ret_rc)
{
    size_t count = bill->row_count;
    /* Full at 0, 64, 128, 256, ...: twice as many from there on. */
    bool full = count == 0 || (count >= ROWS_FIRST && (count & (count - 1)) == 0);
    if (count == PAY_BILL_ROWS_MAX) {
        *ret_rc = RC_TOO_LARGE;
        return NULL;
    }
    if (full) {
        size_t size = count == 0 ? ROWS_FIRST : count * 2;
        struct pay_bill_row *rows = arena_take_array(arena, size, sizeof(*rows));
        if (rows == NULL) {
            *ret_rc = RC_MEMORY;
            return NULL;
        }
        if (count > 0) {
            memcpy(rows, bill->rows, count * sizeof(*rows));
        }
        bill->rows = rows;
    }
    struct pay_bill_row *row = &bill->rows[bill->row_count++];
    *row =
        (struct pay_bill_row){.order_number = "", .provider_transaction = "", .refund_number = ""};
    return row;
}

enum rc pay_bill_refuse(struct pay_bill *bill, enum pay_refusal refusal, const char *code)
{
    bill->state = PAY_BILL_REFUSED;
    bill->refusal = refusal;
    bill->code = code;
    bill->rows = NULL;
    bill->row_count = 0;
    return RC_OK;
}

bool pay_decimal_read(const char *text, int decimals, int64_t *ret_fen)
{
    int64_t scaled = 0;
    int64_t unit = 1;
    for (int i = 2; i < decimals; i++) {
        unit *= 10;
    }
    if (text_parse_decimal(text, strlen(text), decimals, &scaled) != RC_OK ||
        scaled > MONEY_MAX_FEN * unit || scaled < -MONEY_MAX_FEN * unit) {
        return false;
    }
    *ret_fen = money_round(scaled, unit);
    return true;
}

static void converter_release(iconv_t *converter)
{
    (void)iconv_close(*converter);
}

enum rc pay_gbk_read(struct arena *arena, const char *bytes, size_t len, const char **ret_text,
                     size_t *ret_len)
{
    iconv_t opened = iconv_open("UTF-8", "GBK");
    if (opened == (iconv_t)-1) {
        return RC_MEMORY;
    }
    CLEANUP(converter_release) iconv_t converter = opened;
    size_t size = len * 2 + 1; /* two bytes of GBK are three of UTF-8 at most, one is one */
    char *text = arena_take(arena, size + 1);
    if (text == NULL) {
        return RC_MEMORY;
    }
    char *in = (char *)(uintptr_t)bytes; /* iconv only reads there */
    char *out = text;
    size_t in_left = len;
    size_t out_left = size;
    if (iconv(converter, &in, &in_left, &out, &out_left) != 0 ||
        !text_is_utf8(text, size - out_left)) {
        return RC_INVALID;
    }
    *ret_text = text;
    *ret_len = size - out_left;
    return RC_OK;
}

enum rc pay_inflate(struct arena *arena, const char *bytes, size_t len, const char **ret_bytes,
                    size_t *ret_len)
{
    assert(len <= PAY_BILL_BYTES_MAX);
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    unsigned char piece[PIECE_BYTES];
    struct text whole;
    if (inflateInit2(&stream, GZIP_OR_ZLIB) != Z_OK) {
        return RC_MEMORY;
    }
    text_init(&whole, PAY_BILL_BYTES_MAX);
    int state = Z_OK;
    while (state == Z_OK && text_result(&whole) == RC_OK) {
        stream.next_out = piece;
        stream.avail_out = sizeof(piece);
        state = inflate(&stream, Z_NO_FLUSH);
        text_add(&whole, (const char *)piece, sizeof(piece) - stream.avail_out);
    }
    bool finished = state == Z_STREAM_END && stream.avail_in == 0;
    (void)inflateEnd(&stream);
    size_t whole_len = whole.len;
    enum rc rc = text_result(&whole);
    if (rc == RC_OK && !finished) {
        rc = RC_INVALID;
    }
    if (rc != RC_OK) {
        text_release(&whole);
        return rc;
    }
    TRY(pay_text_take(&whole, arena, ret_bytes));
    *ret_len = whole_len;
    return RC_OK;
}

static void archive_release(zip_t **archive)
{
    if (*archive != NULL) {
        zip_discard(*archive);
    }
}

static void entry_release(zip_file_t **file)
{
    if (*file != NULL) {
        (void)zip_fclose(*file);
    }
}

/* One entry; left_bytes: how much all that follow may still have. */
static enum rc entry_read(zip_t *archive, zip_uint64_t index, struct arena *arena,
                          size_t *left_bytes, struct pay_zip_entry *entry)
{
    zip_stat_t stat;
    if (zip_stat_index(archive, index, ZIP_FL_ENC_RAW, &stat) != 0 ||
        (stat.valid & (ZIP_STAT_NAME | ZIP_STAT_SIZE)) != (ZIP_STAT_NAME | ZIP_STAT_SIZE)) {
        return RC_INVALID;
    }
    if (stat.size > *left_bytes) {
        return RC_TOO_LARGE; /* what it says; that it is no more is seen below */
    }
    char *bytes = arena_take(arena, (size_t)stat.size + 1);
    const char *name = arena_copy_string(arena, stat.name);
    if (bytes == NULL || name == NULL) {
        return RC_MEMORY;
    }
    CLEANUP(entry_release) zip_file_t *file = zip_fopen_index(archive, index, 0);
    char more = 0;
    if (file == NULL || zip_fread(file, bytes, stat.size) != (zip_int64_t)stat.size ||
        zip_fread(file, &more, 1) != 0) {
        return RC_INVALID; /* the second read also checks the sum */
    }
    *left_bytes -= (size_t)stat.size;
    *entry = (struct pay_zip_entry){name, bytes, (size_t)stat.size};
    return RC_OK;
}

enum rc pay_zip_read(struct arena *arena, const char *bytes, size_t len,
                     struct pay_zip_entry ret_entries[PAY_ZIP_ENTRIES_MAX], size_t *ret_count)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, len, 0, &error);
    if (source == NULL) {
        zip_error_fini(&error);
        return RC_MEMORY;
    }
    CLEANUP(archive_release)
    zip_t *archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    zip_error_fini(&error);
    if (archive == NULL) {
        zip_source_free(source);
        return RC_INVALID;
    }
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count < 0 || count > PAY_ZIP_ENTRIES_MAX) {
        return RC_TOO_LARGE;
    }
    size_t left_bytes = PAY_BILL_BYTES_MAX;
    struct pay_zip_entry entries[PAY_ZIP_ENTRIES_MAX];
    for (zip_int64_t i = 0; i < count; i++) {
        TRY(entry_read(archive, (zip_uint64_t)i, arena, &left_bytes, &entries[i]));
    }
    memcpy(ret_entries, entries, (size_t)count * sizeof(entries[0]));
    *ret_count = (size_t)count;
    return RC_OK;
}
