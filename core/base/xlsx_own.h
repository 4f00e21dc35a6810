/*
 * What the parts of the XLSX reader share. Internal to core/base.
 */
#ifndef PW_BASE_XLSX_OWN_H
#define PW_BASE_XLSX_OWN_H

#include <expat.h>
#include <zip.h>

#include "core/base/xlsx.h"

#define XLSX_TEXT_BYTES (XLSX_CELL_CHARACTERS_MAX * 4 + 1)

struct xlsx_file {
    struct arena *arena;
    zip_t *archive;
    struct xlsx_fault *fault;
    size_t text_left_bytes;
};

/* Text that comes in pieces. */
struct xlsx_text {
    char bytes[XLSX_TEXT_BYTES];
    size_t len;
    bool too_long;
};

/* One part being read. The path has one letter for each element around, the root first: see the
   table in xlsx_part.c; '.' is any other. begin is called with the element in the path, end too. */
struct xlsx_part {
    struct xlsx_file *file;
    void *context;
    void (*begin)(struct xlsx_part *part, const char *const *attributes);
    void (*end)(struct xlsx_part *part);
    void (*text)(struct xlsx_part *part, const char *bytes, size_t len);
    XML_Parser parser;
    enum rc rc;
    size_t depth;
    char path[XLSX_DEPTH_MAX + 1];
};

/* Writes the fault: RC_TOO_LARGE for that problem, else RC_INVALID. row 0: the whole file. */
enum rc xlsx_refuse(const struct xlsx_file *file, enum xlsx_problem problem, int row,
                    int column) MUST_CHECK;
/* Unpacks the part piece by piece through the three functions. */
enum rc xlsx_part_read(struct xlsx_part *part, const char *name) MUST_CHECK;
/* From within one of the three: nothing more is read, xlsx_part_read answers rc. */
void xlsx_part_stop(struct xlsx_part *part, enum rc rc);
bool xlsx_part_at(const struct xlsx_part *part, const char *path);
/* The value of the attribute of this name, whatever its prefix, or NULL. */
const char *xlsx_attribute(const char *const *attributes, const char *name);

/* Appends; what does not fit into a cell turns it too_long. len: any. */
void xlsx_text_add(struct xlsx_text *text, const char *bytes, size_t len);
/* A copy in the arena, within the file's share of text. Not of one that is too long. */
enum rc xlsx_text_keep(const struct xlsx_text *text, struct xlsx_file *file,
                       const char **ret_text) MUST_CHECK;

/* strings: of the part of this name, NULL when there is none. */
enum rc xlsx_sheet_read(struct xlsx_file *file, const char *sheet_name, const char *strings_name,
                        struct xlsx_sheet *ret_sheet) MUST_CHECK;

#endif
