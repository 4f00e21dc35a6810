/* The kind of an uploaded paper, by its bytes: found or refused, never read past the end; what is
   taken still is what it is with zero bytes behind a photo, and is not with another file behind. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum document_kind kind = DOCUMENT_KIND__MAX;
    enum document_kind again = DOCUMENT_KIND__MAX;
    if (document_kind_find(data, size, &kind) != RC_OK) {
        if (kind != DOCUMENT_KIND__MAX) {
            abort(); /* untouched unless found */
        }
        return 0;
    }
    if (kind >= DOCUMENT_KIND__MAX ||
        document_kind_parse(document_kind_name(kind), &again) != RC_OK || again != kind ||
        document_media_type(kind)[0] == '\0') {
        abort();
    }
    uint8_t *longer = malloc(size + 8);
    if (longer == NULL) {
        return 0;
    }
    memcpy(longer, data, size);
    memset(longer + size, 0, 8);
    again = DOCUMENT_KIND__MAX;
    if (kind == DOCUMENT_JPEG && data[size - 1] != 0 &&
        (document_kind_find(longer, size + 8, &again) != RC_OK || again != DOCUMENT_JPEG)) {
        abort();
    }
    memcpy(longer + size, "MZ\x90\x00\x03\x00\x00\x00", 8);
    if (kind != DOCUMENT_PDF && document_kind_find(longer, size + 8, &again) == RC_OK) {
        abort();
    }
    free(longer);
    return 0;
}
