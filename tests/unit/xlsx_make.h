/*
 * Workbooks of one sheet for tests and the fuzz target, in memory.
 */
#ifndef PW_TESTS_UNIT_XLSX_MAKE_H
#define PW_TESTS_UNIT_XLSX_MAKE_H

#include <assert.h>
#include <string.h>
#include <zip.h>

#include "core/base/arena.h"

struct xlsx_made_part {
    const char *name; /* NULL ends the list */
    const char *text;
    size_t len; /* 0: of the string */
};

#define XLSX_MADE_LINK "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define XLSX_MADE_ROOT                                                                             \
    {                                                                                              \
        "_rels/.rels",                                                                             \
            "<Relationships><Relationship Id='1' Type='" XLSX_MADE_LINK                            \
            "officeDocument' Target='xl/workbook.xml'/></Relationships>",                          \
            0                                                                                      \
    }
#define XLSX_MADE_BOOK                                                                             \
    {                                                                                              \
        "xl/workbook.xml",                                                                         \
            "<workbook xmlns:r='" XLSX_MADE_LINK "'><sheets><sheet name='a' r:id='2'/></sheets>"   \
            "</workbook>",                                                                         \
            0                                                                                      \
    }
#define XLSX_MADE_LINKS                                                                            \
    {                                                                                              \
        "xl/_rels/workbook.xml.rels",                                                              \
            "<Relationships><Relationship Id='1' Type='" XLSX_MADE_LINK                            \
            "sharedStrings' Target='strings.xml'/><Relationship Id='2' Type='" XLSX_MADE_LINK      \
            "worksheet' Target='sheet.xml'/></Relationships>",                                     \
            0                                                                                      \
    }

/* The archive's bytes, in the arena. */
static inline const char *xlsx_made(struct arena *arena, const struct xlsx_made_part *parts,
                                    size_t *ret_len)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, &error);
    assert(whole != NULL);
    zip_source_keep(whole);
    zip_t *archive = zip_open_from_source(whole, ZIP_TRUNCATE, &error);
    assert(archive != NULL);
    for (; parts->name != NULL; parts++) {
        size_t len = parts->len > 0 ? parts->len : strlen(parts->text);
        zip_source_t *part = zip_source_buffer(archive, parts->text, len, 0);
        zip_int64_t at = zip_file_add(archive, parts->name, part, ZIP_FL_ENC_UTF_8);
        assert(at >= 0);
    }
    int closed = zip_close(archive);
    assert(closed == 0);
    zip_stat_t stat;
    closed = zip_source_stat(whole, &stat) + zip_source_open(whole);
    assert(closed == 0);
    char *bytes = arena_take(arena, stat.size + 1);
    assert(bytes != NULL);
    zip_int64_t got = zip_source_read(whole, bytes, stat.size);
    assert(got == (zip_int64_t)stat.size);
    (void)zip_source_close(whole);
    zip_source_free(whole);
    *ret_len = stat.size;
    return bytes;
}

/* A workbook with these two parts. */
static inline const char *xlsx_made_of(struct arena *arena, const char *sheet, const char *strings,
                                       size_t *ret_len)
{
    const struct xlsx_made_part parts[] = {XLSX_MADE_ROOT,
                                           XLSX_MADE_BOOK,
                                           XLSX_MADE_LINKS,
                                           {"xl/strings.xml", strings, 0},
                                           {"xl/sheet.xml", sheet, 0},
                                           {NULL, NULL, 0}};
    return xlsx_made(arena, parts, ret_len);
}

#endif
