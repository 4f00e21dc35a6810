/* Papers: POST /documents, GET /documents/:id, GET /accounts/:id/documents. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/query.h"
#include "cgi/shape.h"
#include "core/base/text.h"
#include "core/flow/document.h"

SHAPE(document, "Document", struct document, F_ID(struct document, id, NEEDED),
      F_WORDS(struct document, sha256, NEEDED), F_WORDS(struct document, kind, NEEDED),
      F_NUMBER(struct document, bytes_total, NEEDED), F_WORDS(struct document, file_name, NEEDED),
      F_WORDS(struct document, uploaded_by_name, NEEDED),
      F_TIME(struct document, created_at, NEEDED));

struct documents_reply {
    struct shape_list items;
};

SHAPE(documents, "Documents", struct documents_reply,
      F_LIST(struct documents_reply, items, &shape_document));

enum rc handle_document_add(struct request *request)
{
    const char *name = "";
    struct document document;
    if (query_decode(request->arena, request->file_name, strlen(request->file_name), &name) !=
            RC_OK ||
        !text_is_utf8(name, strlen(name))) {
        name = "";
    }
    enum rc rc = request->body_len == 0 ? RC_INVALID
                                        : document_put(request->db, request->arena, &request->actor,
                                                       request->session.user_id, name,
                                                       request->body, request->body_len, &document);
    if (rc == RC_INVALID) {
        return request_refuse(request, rc, "invalid_field", "document",
                              "the file is not a whole JPEG, PNG or PDF");
    }
    TRY(rc);
    return request_reply(request, 201, &document);
}

/* Never shown by the browser inside our pages: it is saved, or opened without any right. */
enum rc handle_document_show(struct request *request)
{
    struct document document;
    enum document_kind kind = DOCUMENT_JPEG;
    const char *bytes = NULL;
    TRY(documents_get(request->db, request->arena, request->ids[0], request->session.user_id,
                      &document));
    TRY(document_kind_parse(document.kind, &kind));
    TRY(documents_content(request->db, request->arena, &document, &bytes));
    const char *disposition =
        arena_printf(request->arena, "attachment; filename=\"document-%lld.%s\"",
                     (long long)document.id, document.kind);
    if (disposition == NULL) {
        return RC_MEMORY;
    }
    request_add_header(request, "Content-Disposition", disposition);
    request_add_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
    return request_reply_bytes(request, 200, document_media_type(kind), bytes,
                               (size_t)document.bytes_total);
}

enum rc handle_document_of_account(struct request *request)
{
    struct documents_reply reply = {0};
    struct document *documents = NULL;
    TRY(documents_of_account(request->db, request->arena, request->ids[0], &documents,
                             &reply.items.count));
    reply.items.items = documents;
    return request_reply(request, 200, &reply);
}
