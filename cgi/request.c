#include "cgi/request.h"

#include <assert.h>
#include <string.h>

#include "cgi/route.h"

enum rc request_reply_shape(struct request *request, int status, const struct shape *shape,
                            const void *data)
{
    assert(request != NULL && shape->count > 0 && status >= 200 && status < 300);
    text_clear(request->reply);
    shape_encode(shape, data, request->reply);
    request->status = status;
    request->reply_type = "application/json";
    return text_result(request->reply);
}

enum rc request_reply(struct request *request, int status, const void *data)
{
    return request_reply_shape(request, status, request->route->reply, data);
}

enum rc request_reply_empty(struct request *request)
{
    text_clear(request->reply);
    request->status = 204;
    request->reply_type = NULL;
    return RC_OK;
}

enum rc request_reply_bytes(struct request *request, int status, const char *type,
                            const char *bytes, size_t len)
{
    assert(request != NULL && type != NULL && (bytes != NULL || len == 0));
    text_clear(request->reply);
    text_add(request->reply, bytes, len);
    request->status = status;
    request->reply_type = type;
    return text_result(request->reply);
}

enum rc request_fail_bytes(struct request *request, enum rc rc, int status, const char *type,
                           const char *bytes)
{
    assert(rc != RC_OK && status >= 400);
    TRY(request_reply_bytes(request, status, type, bytes, strlen(bytes)));
    request->own_words = true;
    return rc;
}

void request_add_header(struct request *request, const char *name, const char *value)
{
    assert(request->headers_count < REQUEST_HEADERS_MAX);
    assert(strpbrk(name, "\r\n:") == NULL && strpbrk(value, "\r\n") == NULL);
    request->headers[request->headers_count++] = (struct request_header){name, value};
}

enum rc request_refuse(struct request *request, enum rc rc, const char *code, const char *field,
                       const char *detail)
{
    assert(rc != RC_OK && code != NULL && field != NULL && detail != NULL);
    request->problem_code = code;
    request->problem_field = field;
    request->problem_detail = detail;
    return rc;
}

void request_after_commit(struct request *request, request_after call, int64_t number)
{
    assert(request->after_count < REQUEST_AFTER_MAX && call != NULL);
    request->after[request->after_count].call = call;
    request->after[request->after_count].number = number;
    request->after_count++;
}
