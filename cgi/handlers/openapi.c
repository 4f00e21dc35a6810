/* The document that describes this API; the front end's types come from it. */
#include "cgi/handlers/handlers.h"
#include "cgi/route.h"

enum rc handle_openapi_show(struct request *request)
{
    CLEANUP(text_release) struct text out;
    text_init(&out, REQUEST_REPLY_BYTES_MAX);
    openapi_write(&out);
    TRY(text_result(&out));
    return request_reply_bytes(request, 200, "application/json", out.bytes, out.len);
}
