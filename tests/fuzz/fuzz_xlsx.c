/* Workbooks: any archive, and (bytes that are none) any worksheet and shared strings, parted by a
 * NUL, in a good one: refused with a problem, or rows within their bounds, each cell UTF-8. */
#include "core/base/text.h"
#include "core/base/xlsx.h"
#include "tests/unit/xlsx_make.h"

#define FILE_BYTES_MAX 65536
#define ARENA_BYTES ((size_t)48 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rows_look(const struct xlsx_sheet *sheet)
{
    int line = 0;
    assert(sheet->count <= XLSX_ROWS_MAX);
    for (size_t i = 0; i < sheet->count; i++) {
        const struct xlsx_row *row = &sheet->rows[i];
        assert(row->line > line && row->count > 0 && row->count <= XLSX_COLUMNS_MAX);
        assert(row->fields[row->count - 1][0] != '\0');
        line = row->line;
        for (size_t k = 0; k < row->count; k++) {
            size_t len = strlen(row->fields[k]);
            assert(text_is_utf8(row->fields[k], len));
            assert(text_characters(row->fields[k], len) <= XLSX_CELL_CHARACTERS_MAX);
        }
    }
}

static const char *wrapped(struct arena *arena, const char *bytes, size_t size, size_t *ret_len)
{
    const char *cut = size == 0 ? NULL : memchr(bytes, '\0', size);
    size_t sheet_len = cut == NULL ? size : (size_t)(cut - bytes);
    size_t strings_len = cut == NULL ? 0 : size - sheet_len - 1;
    const struct xlsx_made_part parts[] = {
        XLSX_MADE_ROOT,
        XLSX_MADE_BOOK,
        XLSX_MADE_LINKS,
        {"xl/strings.xml", strings_len == 0 ? "<sst/>" : cut + 1, strings_len},
        {"xl/sheet.xml", sheet_len == 0 ? "" : bytes, sheet_len},
        {NULL, NULL, 0}};
    return xlsx_made(arena, parts, ret_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"接管", NULL};
    const char *bytes = (const char *)data;
    struct xlsx_sheet sheet;
    struct xlsx_fault fault = {.problem = XLSX_PROBLEM__MAX};
    struct arena arena;
    char number[XLSX_NUMBER_BYTES];
    if (size > FILE_BYTES_MAX) {
        return 0;
    }
    if (xlsx_number(bytes, size, number) == RC_OK) {
        int64_t scaled = 0;
        enum rc read = text_parse_decimal(number, strlen(number), 9, &scaled);
        assert(read == RC_OK || strlen(number) > 10);
    }
    arena_init(&arena, ARENA_BYTES);
    if (!xlsx_recognised(bytes, size)) {
        bytes = wrapped(&arena, bytes, size, &size);
    }
    enum rc rc = xlsx_read(&arena, bytes, size, names, &sheet, &fault);
    assert(rc == RC_OK || rc == RC_INVALID || rc == RC_TOO_LARGE);
    if (rc == RC_OK) {
        rows_look(&sheet);
    } else {
        assert(fault.problem < XLSX_PROBLEM__MAX);
        assert((fault.problem == XLSX_TOO_LARGE) == (rc == RC_TOO_LARGE));
    }
    arena_release(&arena);
    return 0;
}
