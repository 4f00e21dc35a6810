/*
 * Prototypes of all handlers, from routes.def: handle_NAME for each row. A handler's file includes
 * this.
 */
#ifndef PW_CGI_HANDLERS_H
#define PW_CGI_HANDLERS_H

#include "cgi/request.h"

#define ROUTE(role, method, path, permission, flags, body, rate, input, reply, handler)            \
    enum rc handle_##handler(struct request *request);
#include "cgi/routes.def"
#undef ROUTE

#endif
