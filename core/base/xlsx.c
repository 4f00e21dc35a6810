#include "core/base/xlsx.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/base/xlsx_own.h"

#define PATH_BYTES 256

bool xlsx_recognised(const char *bytes, size_t len)
{
    return len >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* ---- the archive */

static bool name_is_plain(const char *name)
{
    return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
           strchr(name, '\\') == NULL && strchr(name, ':') == NULL;
}

static enum rc archive_look(const struct xlsx_file *file)
{
    const char *names[XLSX_PARTS_MAX];
    zip_int64_t count = zip_get_num_entries(file->archive, 0);
    if (count < 0 || count > XLSX_PARTS_MAX) {
        return xlsx_refuse(file, XLSX_TOO_LARGE, 0, 0);
    }
    for (zip_int64_t i = 0; i < count; i++) {
        const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                    ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
        zip_stat_t stat;
        if (zip_stat_index(file->archive, (zip_uint64_t)i, 0, &stat) != 0 ||
            (stat.valid & needed) != needed ||
            (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)) {
            return xlsx_refuse(file, XLSX_UNREADABLE, 0, 0);
        }
        if (stat.encryption_method != ZIP_EM_NONE || !name_is_plain(stat.name)) {
            return xlsx_refuse(file, XLSX_UNSAFE, 0, 0);
        }
        names[i] = stat.name;
        for (zip_int64_t k = 0; k < i; k++) {
            if (strcasecmp(names[k], names[i]) == 0) {
                return xlsx_refuse(file, XLSX_UNSAFE, 0, 0);
            }
        }
    }
    return RC_OK;
}

/* ---- which part is what */

struct links {
    const char *folder; /* what targets are relative to, with its slash or "" */
    const char *id;     /* asked for, or NULL */
    const char *type;   /* asked for: the last word of the type */
    bool found;
    bool unsafe;
    char target[PATH_BYTES];
};

static bool ends_with_word(const char *type, const char *word)
{
    const char *slash = strrchr(type, '/');
    return slash != NULL && strcmp(slash + 1, word) == 0;
}

static void link_begin(struct xlsx_part *part, const char *const *attributes)
{
    struct links *links = part->context;
    const char *id = xlsx_attribute(attributes, "Id");
    const char *type = xlsx_attribute(attributes, "Type");
    const char *target = xlsx_attribute(attributes, "Target");
    const char *mode = xlsx_attribute(attributes, "TargetMode");
    if (!xlsx_part_at(part, "RL") || links->found || id == NULL || type == NULL || target == NULL ||
        !ends_with_word(type, links->type) || (links->id != NULL && strcmp(id, links->id) != 0)) {
        return;
    }
    const char *folder = target[0] == '/' ? "" : links->folder;
    const char *name = target[0] == '/' ? target + 1 : target;
    links->found = true;
    links->unsafe = (mode != NULL && strcmp(mode, "Internal") != 0) || !name_is_plain(name) ||
                    strlen(folder) + strlen(name) >= sizeof(links->target);
    if (!links->unsafe) {
        (void)snprintf(links->target, sizeof(links->target), "%s%s", folder, name);
    }
}

static void nothing_end(struct xlsx_part *part)
{
    (void)part;
}

static void nothing_text(struct xlsx_part *part, const char *bytes, size_t len)
{
    (void)part;
    (void)bytes;
    (void)len;
}

static enum rc links_read(struct xlsx_file *file, const char *name, struct links *links)
{
    struct xlsx_part part = {.file = file,
                             .context = links,
                             .begin = link_begin,
                             .end = nothing_end,
                             .text = nothing_text};
    TRY(xlsx_part_read(&part, name));
    return links->found && links->unsafe ? xlsx_refuse(file, XLSX_UNSAFE, 0, 0) : RC_OK;
}

struct book {
    const char *const *names;
    bool named; /* the sheet is one that was asked for by name */
    char sheet_id[PATH_BYTES];
};

static bool is_wanted(const struct book *book, const char *name)
{
    for (size_t i = 0; book->names[i] != NULL; i++) {
        if (strcmp(book->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void book_begin(struct xlsx_part *part, const char *const *attributes)
{
    struct book *book = part->context;
    if (!xlsx_part_at(part, "WHh")) {
        return;
    }
    const char *name = xlsx_attribute(attributes, "name");
    const char *id = xlsx_attribute(attributes, "id");
    const char *state = xlsx_attribute(attributes, "state");
    if (name == NULL || id == NULL || strlen(id) >= sizeof(book->sheet_id)) {
        xlsx_part_stop(part, xlsx_refuse(part->file, XLSX_UNREADABLE, 0, 0));
        return;
    }
    bool wanted = !book->named && is_wanted(book, name);
    bool seen = state == NULL || strcmp(state, "visible") == 0;
    if (wanted || (book->sheet_id[0] == '\0' && seen)) {
        text_copy(book->sheet_id, sizeof(book->sheet_id), id);
        book->named = wanted;
    }
}

static enum rc book_read(struct xlsx_file *file, const char *name, struct book *book)
{
    struct xlsx_part part = {.file = file,
                             .context = book,
                             .begin = book_begin,
                             .end = nothing_end,
                             .text = nothing_text};
    TRY(xlsx_part_read(&part, name));
    return book->sheet_id[0] == '\0' ? xlsx_refuse(file, XLSX_NO_SHEET, 0, 0) : RC_OK;
}

/* "xl/workbook.xml" -> "xl/" and "xl/_rels/workbook.xml.rels" */
static enum rc beside(const struct xlsx_file *file, const char *name, const char **ret_folder,
                      const char **ret_links)
{
    const char *slash = strrchr(name, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - name) + 1;
    const char *folder = arena_printf(file->arena, "%.*s", folder_len, name);
    const char *links =
        arena_printf(file->arena, "%.*s_rels/%s.rels", folder_len, name, name + folder_len);
    if (folder == NULL || links == NULL) {
        return RC_MEMORY;
    }
    *ret_folder = folder;
    *ret_links = links;
    return RC_OK;
}

static enum rc workbook_read(struct xlsx_file *file, const char *const *names,
                             struct xlsx_sheet *ret_sheet)
{
    struct links office = {.folder = "", .type = "officeDocument"};
    struct book book = {.names = names};
    const char *folder = "";
    const char *links_name = "";
    TRY(archive_look(file));
    TRY(links_read(file, "_rels/.rels", &office));
    if (!office.found) {
        return xlsx_refuse(file, XLSX_UNREADABLE, 0, 0);
    }
    TRY(book_read(file, office.target, &book));
    TRY(beside(file, office.target, &folder, &links_name));
    struct links sheet = {.folder = folder, .id = book.sheet_id, .type = "worksheet"};
    struct links strings = {.folder = folder, .type = "sharedStrings"};
    TRY(links_read(file, links_name, &sheet));
    if (!sheet.found) {
        return xlsx_refuse(file, XLSX_NO_SHEET, 0, 0);
    }
    TRY(links_read(file, links_name, &strings));
    return xlsx_sheet_read(file, sheet.target, strings.found ? strings.target : NULL, ret_sheet);
}

static void archive_release(zip_t **archive)
{
    zip_discard(*archive);
}

enum rc xlsx_read(struct arena *arena, const char *bytes, size_t len, const char *const *names,
                  struct xlsx_sheet *ret_sheet, struct xlsx_fault *ret_fault)
{
    assert(arena != NULL && bytes != NULL && names != NULL && ret_sheet != NULL);
    assert(ret_fault != NULL);
    struct xlsx_file file = {
        .arena = arena, .fault = ret_fault, .text_left_bytes = XLSX_TEXT_BYTES_MAX};
    if (len > XLSX_BYTES_MAX) {
        return xlsx_refuse(&file, XLSX_TOO_LARGE, 0, 0);
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, len, 0, &error);
    if (source == NULL) {
        zip_error_fini(&error);
        return RC_MEMORY;
    }
    zip_t *opened = zip_open_from_source(source, ZIP_RDONLY, &error);
    zip_error_fini(&error);
    if (opened == NULL) {
        zip_source_free(source);
        return xlsx_refuse(&file, XLSX_UNREADABLE, 0, 0);
    }
    CLEANUP(archive_release) zip_t *archive = opened;
    file.archive = archive;
    return workbook_read(&file, names, ret_sheet);
}
