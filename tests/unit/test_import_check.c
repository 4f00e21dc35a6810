/*
 * Import verdicts, from case files: tests/cases/import/NAME.csv is the file, NAME.present.csv (if
 * there is one) what the database holds, NAME.expected a line a row: "LINE VERDICT NOUN KEY:
 * English | Chinese". With PW_WRITE_CASES=1 in the environment the expected files are written
 * instead of compared: read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/rules/import_check.h"

#define FOLDER PW_SOURCE_DIR "/tests/cases/import"
#define ARENA_BYTES ((size_t)64 << 20)

static const char *const models[] = {"acrel-dtsy1352", "acrel-ddsy1352"};

/* NULL when there is no such file. */
static const char *file_read(struct arena *arena, const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return NULL;
    }
    char *bytes = arena_take(arena, 1 << 20);
    assert_non_null(bytes);
    *len = fread(bytes, 1, (1 << 20) - 1, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

/* What a database would hold after this file: every row with an id of its own. */
static struct import_park park_of(struct arena *arena, const char *path)
{
    struct import_park park = {.models = models, .models_count = ARRAY_LEN(models)};
    size_t len = 0;
    const char *bytes = file_read(arena, path, &len);
    if (bytes == NULL) {
        return park;
    }
    struct import_check check;
    int line = 0;
    assert_int_equal(import_check(bytes, len, &park, arena, &check, &line), RC_OK);
    assert_int_equal(check.verdicts[IMPORT_NEW], check.count);
    for (size_t i = 0; i < check.count; i++) {
        check.rows[i].id = (int64_t)i + 1;
        check.rows[i].line = 0;
        check.rows[i].busy = strcmp(check.rows[i].key, "BUSY") == 0;
    }
    park.items = check.rows;
    park.count = check.count;
    return park;
}

static void verdicts_print(const struct import_check *check, struct text *out)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct import_item *row = &check->rows[i];
        const char *noun = row->noun < IMPORT_NOUN__MAX ? import_noun_info(row->noun)->name : "?";
        text_printf(out, "%d %s %s %s: %s | %s\n", row->line, import_verdict_name(row->verdict),
                    noun, row->key, row->message_en, row->message_zh);
    }
}

static void case_run(const char *name)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    char path[400];
    size_t len = 0;
    (void)snprintf(path, sizeof(path), FOLDER "/%s.present.csv", name);
    struct import_park park = park_of(&arena, path);
    (void)snprintf(path, sizeof(path), FOLDER "/%s.csv", name);
    const char *bytes = file_read(&arena, path, &len);
    assert_non_null(bytes);
    struct import_check check;
    int line = 0;
    assert_int_equal(import_check(bytes, len, &park, &arena, &check, &line), RC_OK);
    struct text out;
    text_init(&out, 1 << 20);
    verdicts_print(&check, &out);
    (void)snprintf(path, sizeof(path), FOLDER "/%s.expected", name);
    if (getenv("PW_WRITE_CASES") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text_string(&out), file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    const char *expected = file_read(&arena, path, &len);
    assert_non_null(expected);
    assert_string_equal(text_string(&out), expected);
    text_release(&out);
}

static void cases(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *end = strstr(entry->d_name, ".csv");
        if (end == NULL || strstr(entry->d_name, ".present.csv") != NULL) {
            continue;
        }
        char name[256];
        (void)snprintf(name, sizeof(name), "%.*s", (int)(end - entry->d_name), entry->d_name);
        print_message("case %s\n", name);
        case_run(name);
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(count >= 5);
}

/* The park that ships: every row good against an empty database, and the same against itself. */
static void sample_park(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct import_park park = park_of(&arena, PW_SOURCE_DIR "/schema/sample-park/park.csv");
    size_t meters = 0;
    for (size_t i = 0; i < park.count; i++) {
        meters += park.items[i].noun == IMPORT_METER;
    }
    assert_int_equal(meters, 375);
    size_t len = 0;
    const char *bytes = file_read(&arena, PW_SOURCE_DIR "/schema/sample-park/park.csv", &len);
    struct import_check check;
    int line = 0;
    assert_int_equal(import_check(bytes, len, &park, &arena, &check, &line), RC_OK);
    assert_int_equal(check.verdicts[IMPORT_SAME], check.count);
}

static void not_a_text_file(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct import_park park = {.models = models, .models_count = ARRAY_LEN(models)};
    struct import_check check;
    int line = 0;
    assert_int_equal(import_check("#site,code\n\xCF\xEE\n", 14, &park, &arena, &check, &line),
                     RC_INVALID);
    assert_int_equal(line, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(sample_park),
                                       cmocka_unit_test(not_a_text_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
