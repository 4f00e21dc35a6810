/* Import files: any bytes are refused as a whole or give a verdict a row, each error with its
 * sentence in both languages; the same file against what it would have made is then the same, row
 * by row. */
#include <assert.h>
#include <string.h>

#include "core/base/text.h"
#include "core/rules/import_check.h"

#define FILE_BYTES_MAX 65536
#define ARENA_BYTES ((size_t)128 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rows_look(const struct import_check *check)
{
    size_t sum = 0;
    for (int i = 0; i < IMPORT_VERDICT__MAX; i++) {
        sum += check->verdicts[i];
    }
    assert(sum == check->count);
    for (size_t i = 0; i < check->count; i++) {
        const struct import_item *row = &check->rows[i];
        assert(text_is_utf8(row->message_en, strlen(row->message_en)));
        assert(text_is_utf8(row->message_zh, strlen(row->message_zh)));
        assert(text_characters(row->message_zh, strlen(row->message_zh)) <=
               IMPORT_MESSAGE_CHARACTERS);
        assert(row->verdict != IMPORT_ERROR ||
               (row->message_en[0] != '\0' && row->message_zh[0] != '\0'));
        assert(row->verdict == IMPORT_ERROR || row->key[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const models[] = {"acrel-dtsy1352"};
    if (size > FILE_BYTES_MAX) {
        return 0;
    }
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct import_park park = {.models = models, .models_count = 1};
    struct import_check check;
    struct import_check again;
    int line = 0;
    enum rc rc = import_check((const char *)data, size, &park, &arena, &check, &line);
    assert(rc == RC_OK || rc == RC_INVALID);
    if (rc == RC_OK) {
        rows_look(&check);
        size_t news = check.verdicts[IMPORT_NEW];
        if (news == check.count && news > 0) {
            park.items = check.rows;
            park.count = check.count;
            rc = import_check((const char *)data, size, &park, &arena, &again, &line);
            assert(rc == RC_OK && again.verdicts[IMPORT_SAME] == news);
        }
    }
    arena_release(&arena);
    return 0;
}
