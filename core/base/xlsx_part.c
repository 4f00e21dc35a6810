/* One part of a workbook: unpacked in pieces, parsed as XML, never whole in memory. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/xlsx_own.h"

#define PIECE_BYTES 65536
#define RATIO_FROM_BYTES ((zip_uint64_t)1 << 20)
/* A tag or attribute that long is no cell; expat would scan it again with each piece. */
#define TOKEN_BYTES_MAX ((XML_Index)256 << 10)

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

static char letter(const char *name)
{
    static const struct {
        const char *name;
        char letter;
    } letters[] = {
        {"Relationship", 'L'},
        {"Relationships", 'R'},
        {"c", 'c'},
        {"f", 'f'},
        {"is", 'i'},
        {"r", 'r'},
        {"row", 'o'},
        {"sheet", 'h'},
        {"sheetData", 'd'},
        {"sheets", 'H'},
        {"si", 's'},
        {"sst", 'S'},
        {"t", 't'},
        {"v", 'v'},
        {"workbook", 'W'},
        {"worksheet", 'w'},
    };
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (strcmp(letters[i].name, local_name(name)) == 0) {
            return letters[i].letter;
        }
    }
    return '.';
}

enum rc xlsx_refuse(const struct xlsx_file *file, enum xlsx_problem problem, int row, int column)
{
    char letters[4] = "";
    struct xlsx_fault *fault = file->fault;
    *fault = (struct xlsx_fault){.problem = problem};
    if (row > 0) {
        size_t at = sizeof(letters) - 1;
        for (int left = column; left > 0 && at > 0; left = (left - 1) / 26) {
            letters[--at] = (char)('A' + (left - 1) % 26);
        }
        (void)snprintf(fault->cell, sizeof(fault->cell), "%s%d", letters + at, row);
    }
    return problem == XLSX_TOO_LARGE ? RC_TOO_LARGE : RC_INVALID;
}

void xlsx_part_stop(struct xlsx_part *part, enum rc rc)
{
    assert(rc != RC_OK);
    part->rc = part->rc == RC_OK ? rc : part->rc;
    (void)XML_StopParser(part->parser, XML_FALSE);
}

bool xlsx_part_at(const struct xlsx_part *part, const char *path)
{
    return strcmp(part->path, path) == 0;
}

const char *xlsx_attribute(const char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        if (strcmp(local_name(attributes[i]), name) == 0) {
            return attributes[i + 1];
        }
    }
    return NULL;
}

void xlsx_text_add(struct xlsx_text *text, const char *bytes, size_t len)
{
    if (text->too_long || len > sizeof(text->bytes) - 1 - text->len) {
        text->too_long = true;
        return;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

enum rc xlsx_text_keep(const struct xlsx_text *text, struct xlsx_file *file, const char **ret_text)
{
    assert(!text->too_long);
    if (text->len == 0) {
        *ret_text = "";
        return RC_OK;
    }
    if (text->len > file->text_left_bytes) {
        return xlsx_refuse(file, XLSX_TOO_LARGE, 0, 0);
    }
    if (!text_is_utf8(text->bytes, text->len)) {
        return xlsx_refuse(file, XLSX_UNREADABLE, 0, 0);
    }
    const char *copy = arena_copy(file->arena, text->bytes, text->len);
    if (copy == NULL) {
        return RC_MEMORY;
    }
    file->text_left_bytes -= text->len;
    *ret_text = copy;
    return RC_OK;
}

/* ---- what expat calls; it may still do so once after it was stopped */

static void element_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xlsx_part *part = context;
    if (part->rc != RC_OK) {
        return;
    }
    if (part->depth == XLSX_DEPTH_MAX) {
        xlsx_part_stop(part, xlsx_refuse(part->file, XLSX_TOO_LARGE, 0, 0));
        return;
    }
    part->path[part->depth++] = letter(name);
    part->path[part->depth] = '\0';
    part->begin(part, (const char *const *)attributes);
}

static void element_end(void *context, const XML_Char *name)
{
    struct xlsx_part *part = context;
    (void)name;
    if (part->rc != RC_OK) {
        return;
    }
    part->end(part);
    part->path[--part->depth] = '\0';
}

static void characters(void *context, const XML_Char *bytes, int len)
{
    struct xlsx_part *part = context;
    if (part->rc == RC_OK && len > 0) {
        part->text(part, bytes, (size_t)len);
    }
}

static void document_type(void *context, const XML_Char *name, const XML_Char *system,
                          const XML_Char *public, int has_subset)
{
    struct xlsx_part *part = context;
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    xlsx_part_stop(part, xlsx_refuse(part->file, XLSX_UNSAFE, 0, 0));
}

/* ---- */

static void packed_release(zip_file_t **packed)
{
    if (*packed != NULL) {
        (void)zip_fclose(*packed);
    }
}

static void parser_release(XML_Parser *parser)
{
    XML_ParserFree(*parser);
}

static enum rc feed(struct xlsx_part *part, zip_file_t *packed, zip_uint64_t size)
{
    zip_uint64_t fed = 0;
    for (;;) {
        void *piece = XML_GetBuffer(part->parser, PIECE_BYTES);
        if (piece == NULL) {
            return RC_MEMORY;
        }
        zip_int64_t got = zip_fread(packed, piece, PIECE_BYTES);
        if (got < 0 || (zip_uint64_t)got > size - fed || (got == 0 && fed != size)) {
            return xlsx_refuse(part->file, XLSX_UNREADABLE, 0, 0);
        }
        fed += (zip_uint64_t)got;
        enum XML_Status status = XML_ParseBuffer(part->parser, (int)got, got == 0);
        if (part->rc != RC_OK) {
            return part->rc;
        }
        if (status != XML_STATUS_OK) {
            return XML_GetErrorCode(part->parser) == XML_ERROR_NO_MEMORY
                       ? RC_MEMORY
                       : xlsx_refuse(part->file, XLSX_UNREADABLE, 0, 0);
        }
        if (got == 0) {
            return RC_OK;
        }
        if ((XML_Index)fed - XML_GetCurrentByteIndex(part->parser) > TOKEN_BYTES_MAX) {
            return xlsx_refuse(part->file, XLSX_TOO_LARGE, 0, 0);
        }
    }
}

enum rc xlsx_part_read(struct xlsx_part *part, const char *name)
{
    zip_stat_t stat;
    zip_int64_t at = zip_name_locate(part->file->archive, name, ZIP_FL_NOCASE);
    if (at < 0 || zip_stat_index(part->file->archive, (zip_uint64_t)at, 0, &stat) != 0) {
        return xlsx_refuse(part->file, XLSX_UNREADABLE, 0, 0);
    }
    if (stat.size > XLSX_PART_BYTES_MAX ||
        (stat.size > RATIO_FROM_BYTES && stat.size / XLSX_RATIO_MAX > stat.comp_size)) {
        return xlsx_refuse(part->file, XLSX_TOO_LARGE, 0, 0);
    }
    CLEANUP(packed_release)
    zip_file_t *packed = zip_fopen_index(part->file->archive, (zip_uint64_t)at, 0);
    if (packed == NULL) {
        return xlsx_refuse(part->file, XLSX_UNREADABLE, 0, 0);
    }
    CLEANUP(parser_release) XML_Parser parser = XML_ParserCreate(NULL);
    if (parser == NULL) {
        return RC_MEMORY;
    }
    part->parser = parser;
    part->rc = RC_OK;
    part->depth = 0;
    part->path[0] = '\0';
    XML_SetUserData(parser, part);
    XML_SetElementHandler(parser, element_begin, element_end);
    XML_SetCharacterDataHandler(parser, characters);
    XML_SetStartDoctypeDeclHandler(parser, document_type);
    return feed(part, packed, stat.size);
}
