/*
 * What kind of paper a file is, by its bytes: a name or a declared type is never believed. A file
 * must begin and end as its kind does, so one that was cut off is refused, and so is one that has a
 * second file behind its end.
 *
 *   JPEG  FF D8 FF ... FF D9, zero bytes may follow (some cameras)      ITU-T T.81
 *   PNG   signature, first chunk IHDR ... chunk IEND at the very end    ISO/IEC 15948
 *   PDF   "%PDF-1." or "%PDF-2." ... "%%EOF" in the last 1024 bytes     ISO 32000
 */
#ifndef PW_RULES_DOCUMENT_H
#define PW_RULES_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define DOCUMENT_BYTES_MAX ((size_t)8 << 20)

enum document_kind { DOCUMENT_JPEG, DOCUMENT_PNG, DOCUMENT_PDF, DOCUMENT_KIND__MAX };

/* RC_INVALID: none of them, or not whole. */
enum rc document_kind_find(const uint8_t *bytes, size_t len,
                           enum document_kind *ret_kind) MUST_CHECK;
/* "jpeg", "png", "pdf"; as stored. Never NULL. */
const char *document_kind_name(enum document_kind kind);
enum rc document_kind_parse(const char *name, enum document_kind *ret_kind) MUST_CHECK;
/* "image/jpeg". Never NULL. */
const char *document_media_type(enum document_kind kind);

#endif
