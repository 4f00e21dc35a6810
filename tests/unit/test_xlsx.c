/*
 * Workbooks: what a sheet says comes out as text, row by row; what is broken, dangerous or too much
 * is refused and its cell named. tests/cases/xlsx/make.py wrote the three files that are read here
 * (base64, by another writer of archives); the rest is made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/base/xlsx.h"
#include "tests/unit/xlsx_make.h"

#define FOLDER PW_SOURCE_DIR "/tests/cases/xlsx/"
#define FILE_BYTES_MAX 65536
#define ARENA_BYTES ((size_t)96 << 20)

static const char *const names[] = {"接管", "take-over", NULL};
static struct arena arena;

static int arena_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    return 0;
}

static int arena_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *case_read(const char *name, size_t *ret_len)
{
    char *text = arena_take(&arena, FILE_BYTES_MAX);
    char *bytes = arena_take(&arena, FILE_BYTES_MAX);
    size_t len = 0;
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    for (int c = fgetc(file); c != EOF && len < FILE_BYTES_MAX; c = fgetc(file)) {
        if (c != '\n') {
            text[len++] = (char)c;
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(crypto_unbase64(text, len, bytes, FILE_BYTES_MAX, ret_len), RC_OK);
    return bytes;
}

/* "4: a|b|c\n" for each row. */
static const char *told(const struct xlsx_sheet *sheet)
{
    struct text text;
    text_init(&text, (size_t)1 << 20);
    for (size_t i = 0; i < sheet->count; i++) {
        text_printf(&text, "%d:", sheet->rows[i].line);
        for (size_t k = 0; k < sheet->rows[i].count; k++) {
            text_printf(&text, "%s%s", k == 0 ? " " : "|", sheet->rows[i].fields[k]);
        }
        text_add_char(&text, '\n');
    }
    const char *copy = arena_copy_string(&arena, text_string(&text));
    text_release(&text);
    return copy;
}

static void reads(const char *bytes, size_t len, const char *expected)
{
    struct xlsx_sheet sheet;
    struct xlsx_fault fault = {.cell = ""};
    assert_true(xlsx_recognised(bytes, len));
    enum rc rc = xlsx_read(&arena, bytes, len, names, &sheet, &fault);
    if (rc != RC_OK) {
        fail_msg("%s problem %d cell %s", rc_name(rc), (int)fault.problem, fault.cell);
    }
    assert_string_equal(told(&sheet), expected);
}

static void refuses(const char *bytes, size_t len, enum xlsx_problem problem, const char *cell)
{
    struct xlsx_sheet sheet;
    struct xlsx_fault fault = {.problem = XLSX_PROBLEM__MAX, .cell = ""};
    enum rc rc = xlsx_read(&arena, bytes, len, names, &sheet, &fault);
    assert_int_equal(rc, problem == XLSX_TOO_LARGE ? RC_TOO_LARGE : RC_INVALID);
    assert_int_equal(fault.problem, problem);
    assert_string_equal(fault.cell, cell);
}

static void workbooks_of_another_writer(void **state)
{
    (void)state;
    size_t len = 0;
    const char *bytes = case_read(FOLDER "shop.xlsx.b64", &len);
    reads(bytes, len,
          "1: 铺位|商户|电表|期初余额\n"
          "4: 01-001|老 店|M001|86.5||TRUE\n"
          "9: |A & <B>|x1|1200|#N/A|FALSE\n");
    bytes = case_read(FOLDER "plain.xlsx.b64", &len);
    reads(bytes, len, "1: 1|two\n2: |-0.5\n");
    bytes = case_read(FOLDER "bomb.xlsx.b64", &len);
    refuses(bytes, len, XLSX_TOO_LARGE, "");
}

static void numbers_lose_their_binary_tails(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        const char *text; /* NULL: refused */
    } cases[] = {
        {"86.499999999999996", "86.5"},
        {"0.30000000000000004", "0.3"},
        {"1234567890.0999999", "1234567890.1"},
        {"0.1234567895", "0.12345679"},
        {"0.0000000004", "0"},
        {"0.0000000005", "0.000000001"},
        {"0.9999999999", "1"},
        {"-99.9999999999999999", "-100"},
        {"-0", "0"},
        {"-0.00", "0"},
        {"007", "7"},
        {"12345678901234", "12345678901234"},
        {"999999999999999", "999999999999999"},
        {"999999999999999.9", NULL}, /* it would have 16 */
        {"1234567890123456", NULL},
        {"1.5E+3", "1500"},
        {"1.5E-05", "0.000015"},
        {"1e2", "100"},
        {"1E+20", NULL},
        {"1E-400", "0"},
        {"0E+400", "0"},
        {"1E+401", NULL},
        {"86.505", "86.505"},
        {".5", "0.5"},
        {"5.", "5"},
        {"", NULL},
        {"-", NULL},
        {".", NULL},
        {"1,5", NULL},
        {"1.2.3", NULL},
        {"1E", NULL},
        {"1E+", NULL},
        {"1E--5", NULL},
        {"+1", NULL},
        {" 1", NULL},
        {"NaN", NULL},
        {"0x10", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[XLSX_NUMBER_BYTES] = "none";
        enum rc rc = xlsx_number(cases[i].written, strlen(cases[i].written), text);
        if ((rc == RC_OK) != (cases[i].text != NULL) ||
            (rc == RC_OK && strcmp(text, cases[i].text) != 0)) {
            fail_msg("\"%s\" gives %s \"%s\"", cases[i].written, rc_name(rc), text);
        }
    }
}

static void wrong_cells_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        enum xlsx_problem problem;
        const char *cell;
    } cases[] = {
        {"<row r='7'><c r='E7'><v>1234567890123456</v></c></row>", XLSX_CELL_NUMBER, "E7"},
        {"<row><c/><c><v>one</v></c></row>", XLSX_CELL_NUMBER, "B1"},
        {"<row r='2'><c r='B2'><f>A1</f></c></row>", XLSX_CELL_FORMULA, "B2"},
        {"<row r='3'><c r='A3' t='s'><v>1</v></c></row>", XLSX_CELL_TOO_LONG, "A3"},
        {"<row r='3'><c r='A3' t='s'><v>2</v></c></row>", XLSX_UNREADABLE, "A3"},
        {"<row r='3'><c r='A3' t='s'><v>-1</v></c></row>", XLSX_UNREADABLE, "A3"},
        {"<row r='1'><c r='BM1'><v>1</v></c></row>", XLSX_CELL_OUTSIDE, "BM1"},
        {"<row r='1'><c r='XFE1'><v>1</v></c></row>", XLSX_UNREADABLE, "A1"},
        {"<row r='2'><c r='B3'><v>1</v></c></row>", XLSX_UNREADABLE, "A2"},
        {"<row r='2'><c r='B2'/><c r='B2'/></row>", XLSX_UNREADABLE, "C2"},
        {"<row r='2'/><row r='2'/>", XLSX_UNREADABLE, "3"},
        {"<row r='1048577'/>", XLSX_UNREADABLE, "1"},
        {"<row r='1048576'/><row/>", XLSX_TOO_LARGE, ""},
        {"<row r='1048576'/><row r='1'/>", XLSX_TOO_LARGE, ""},
        {"<row><c><v>&x;</v></c></row>", XLSX_UNREADABLE, ""},
        {"<row><c><v>1</v></row>", XLSX_UNREADABLE, ""},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a></a></"
         "a>"
         "</a></a></a>",
         XLSX_TOO_LARGE, ""},
    };
    struct text strings;
    text_init(&strings, 65536);
    text_add_string(&strings, "<sst><si><t>fine</t></si><si><t>");
    for (int i = 0; i < 1001; i++) {
        text_add_char(&strings, 'x');
    }
    text_add_string(&strings, "</t></si></sst>");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = 0;
        const char *sheet =
            arena_printf(&arena, "<worksheet><sheetData>%s</sheetData></worksheet>", cases[i].rows);
        const char *bytes = xlsx_made_of(&arena, sheet, text_string(&strings), &len);
        print_message("%s\n", cases[i].rows);
        refuses(bytes, len, cases[i].problem, cases[i].cell);
    }
    text_release(&strings);
}

static void no_shared_strings_at_all(void **state)
{
    (void)state;
    static const char sheet[] = "<worksheet><sheetData><row><c t='s'><v>0</v></c></row></sheetData>"
                                "</worksheet>";
    size_t len = 0;
    const char *bytes = xlsx_made_of(&arena, sheet, "<sst/>", &len);
    refuses(bytes, len, XLSX_UNREADABLE, "A1");
}

static void what_fits_just_so(void **state)
{
    (void)state;
    struct text sheet;
    size_t len = 0;
    text_init(&sheet, (size_t)1 << 20);
    text_add_string(&sheet, "<worksheet><sheetData>");
    for (int i = 0; i < XLSX_ROWS_MAX; i++) {
        text_add_string(&sheet, "<row><c/></row><row><c r='BL");
        text_printf(&sheet, "%d'><v>%d</v></c><c/></row>", 2 * i + 2, i);
    }
    const char *most = arena_printf(&arena, "%s</sheetData></worksheet>", text_string(&sheet));
    const char *more = arena_printf(&arena, "%s<row><c><v>1</v></c></row></sheetData></worksheet>",
                                    text_string(&sheet));
    text_release(&sheet);
    const char *bytes = xlsx_made_of(&arena, most, "<sst/>", &len);
    struct xlsx_sheet rows;
    struct xlsx_fault fault;
    assert_int_equal(xlsx_read(&arena, bytes, len, names, &rows, &fault), RC_OK);
    assert_int_equal(rows.count, XLSX_ROWS_MAX);
    assert_int_equal(rows.rows[2000].line, 4002);
    assert_int_equal(rows.rows[2000].count, XLSX_COLUMNS_MAX);
    assert_string_equal(rows.rows[2000].fields[63], "2000");
    bytes = xlsx_made_of(&arena, more, "<sst/>", &len);
    refuses(bytes, len, XLSX_TOO_LARGE, "");
    char *long_tag = arena_take(&arena, (size_t)1 << 20);
    memset(long_tag, 'x', ((size_t)1 << 20) - 1);
    const char *token = arena_printf(&arena, "<worksheet a='%s'/>", long_tag);
    bytes = xlsx_made_of(&arena, token, "<sst/>", &len);
    refuses(bytes, len, XLSX_TOO_LARGE, "");
}

#define SHEET(text_)                                                                               \
    {                                                                                              \
        "xl/sheet.xml", "<worksheet><sheetData>" text_ "</sheetData></worksheet>", 0               \
    }
#define CELL "<row><c><v>1</v></c></row>"
#define STRINGS                                                                                    \
    {                                                                                              \
        "xl/strings.xml", "<sst/>", 0                                                              \
    }
#define LINK(target_, more_)                                                                       \
    {                                                                                              \
        "xl/_rels/workbook.xml.rels",                                                              \
            "<Relationships><Relationship Id='2' Type='" XLSX_MADE_LINK                            \
            "worksheet' Target='" target_ "' " more_ "/></Relationships>",                         \
            0                                                                                      \
    }

static void archives_that_play_tricks(void **state)
{
    (void)state;
    static const char lol[] = "<!DOCTYPE w [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
                              "<worksheet><sheetData/></worksheet>";
    static const char outside[] = "<!DOCTYPE w SYSTEM 'file:///etc/passwd'><worksheet/>";
    static const struct {
        struct xlsx_made_part parts[8];
        enum xlsx_problem problem;
    } cases[] = {
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, XLSX_MADE_LINKS, STRINGS, {"xl/sheet.xml", lol, 0}},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, XLSX_MADE_LINKS, STRINGS, {"xl/sheet.xml", outside, 0}},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, XLSX_MADE_LINKS, STRINGS, SHEET(CELL), {"../x", "x", 0}},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, XLSX_MADE_LINKS, STRINGS, SHEET(CELL), {"/x", "x", 0}},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT,
          XLSX_MADE_BOOK,
          XLSX_MADE_LINKS,
          STRINGS,
          SHEET(CELL),
          {"xl/SHEET.xml", "x", 0}},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, LINK("../sheet.xml", "")}, XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, LINK("sheet.xml", "TargetMode='External'"), SHEET(CELL)},
         XLSX_UNSAFE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, LINK("other.xml", ""), SHEET(CELL)}, XLSX_UNREADABLE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, XLSX_MADE_LINKS, SHEET(CELL)}, XLSX_UNREADABLE},
        {{XLSX_MADE_ROOT, XLSX_MADE_BOOK, {"xl/_rels/workbook.xml.rels", "<R/>", 0}},
         XLSX_NO_SHEET},
        {{XLSX_MADE_ROOT, {"xl/workbook.xml", "<workbook/>", 0}}, XLSX_NO_SHEET},
        {{XLSX_MADE_ROOT}, XLSX_UNREADABLE},
        {{{"_rels/.rels", "<Relationships/>", 0}}, XLSX_UNREADABLE},
        {{{"letter.txt", "not a workbook", 0}}, XLSX_UNREADABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = 0;
        const char *bytes = xlsx_made(&arena, cases[i].parts, &len);
        print_message("case %zu\n", i);
        refuses(bytes, len, cases[i].problem, "");
    }
}

static void what_is_encrypted(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = (char *)(uintptr_t)case_read(FOLDER "shop.xlsx.b64", &len);
    char *entry = memmem(bytes, len, "PK\1\2", 4);
    assert_non_null(entry);
    entry[8] |= 1; /* its general purpose flag 0 */
    refuses(bytes, len, XLSX_UNSAFE, "");
}

static void what_is_cut_or_bent(void **state)
{
    (void)state;
    size_t len = 0;
    const char *bytes = case_read(FOLDER "shop.xlsx.b64", &len);
    struct xlsx_sheet sheet;
    struct xlsx_fault fault;
    for (size_t cut = 0; cut < len; cut++) {
        arena_reset(&arena);
        bytes = case_read(FOLDER "shop.xlsx.b64", &len);
        assert_int_equal(xlsx_read(&arena, bytes, cut, names, &sheet, &fault), RC_INVALID);
        char *bent = arena_copy(&arena, bytes, len);
        bent[cut] ^= 0x55;
        enum rc rc = xlsx_read(&arena, bent, len, names, &sheet, &fault);
        assert_true(rc == RC_OK || rc == RC_INVALID || rc == RC_TOO_LARGE);
    }
}

static void memory_that_ends(void **state)
{
    (void)state;
    size_t len = 0;
    const char *bytes = case_read(FOLDER "shop.xlsx.b64", &len);
    struct arena small;
    arena_init(&small, 4096);
    struct xlsx_sheet sheet;
    struct xlsx_fault fault;
    assert_int_equal(xlsx_read(&small, bytes, len, names, &sheet, &fault), RC_MEMORY);
    arena_release(&small);
    assert_false(xlsx_recognised("PK\5\6", 4));
    assert_false(xlsx_recognised("PK\3", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(workbooks_of_another_writer, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(numbers_lose_their_binary_tails, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(wrong_cells_are_named, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(no_shared_strings_at_all, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(what_fits_just_so, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(archives_that_play_tricks, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(what_is_encrypted, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(what_is_cut_or_bent, arena_up, arena_down),
        cmocka_unit_test_setup_teardown(memory_that_ends, arena_up, arena_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
