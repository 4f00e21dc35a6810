#include "core/flow/audit_anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/crypto.h"
#include "core/base/text.h"

#define PATH_BYTES 600
#define LINE_BYTES 120

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

enum rc audit_anchor_write(const char *folder, const struct audit_link *link)
{
    char path[PATH_BYTES];
    char fresh[PATH_BYTES + 4];
    char hex[2 * AUDIT_HASH_BYTES + 1];
    (void)snprintf(path, sizeof(path), "%s/audit_anchor", folder);
    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *file = fopen(fresh, "we");
    if (file == NULL) {
        return RC_IO;
    }
    bool good = fprintf(file, "%lld %s\n", (long long)link->position,
                        crypto_hex(link->hash, AUDIT_HASH_BYTES, hex)) > 0;
    good = fflush(file) == 0 && good;
    good = fsync(fileno(file)) == 0 && good;
    good = fclose(file) == 0 && good;
    return good && rename(fresh, path) == 0 ? RC_OK : RC_IO;
}

enum rc audit_anchor_read(const char *folder, struct audit_link *ret_link)
{
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    (void)snprintf(path, sizeof(path), "%s/audit_anchor", folder);
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? RC_NOT_FOUND : RC_IO;
    }
    if (fgets(line, sizeof(line), file) == NULL) {
        return RC_INVALID;
    }
    struct audit_link link = {0};
    size_t digits = strcspn(line, " ");
    if (line[digits] != ' ') {
        return RC_INVALID;
    }
    TRY(text_parse_int(line, digits, 0, INT64_MAX, &link.position));
    const char *hex = line + digits + 1;
    TRY(crypto_unhex(hex, strcspn(hex, "\n"), link.hash, sizeof(link.hash)));
    *ret_link = link;
    return RC_OK;
}
