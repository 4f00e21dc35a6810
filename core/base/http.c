#include "core/base/http.h"

#include <assert.h>
#include <strings.h>

const char *http_header_get(const struct http_header *headers, size_t count, const char *name)
{
    assert((headers != NULL || count == 0) && name != NULL);
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(headers[i].name, name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = headers[i].value;
        }
    }
    return found;
}

void http_header_add(struct http_request *request, const char *name, const char *value)
{
    assert(request != NULL && name != NULL && value != NULL);
    assert(request->header_count < HTTP_HEADERS_MAX);
    request->headers[request->header_count++] = (struct http_header){name, value};
}
