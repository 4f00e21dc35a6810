/*
 * The curve of a meter, as the portal and the phone site show it.
 */
#ifndef PW_CGI_HANDLERS_METER_H
#define PW_CGI_HANDLERS_METER_H

#include "cgi/request.h"

struct readings_reply {
    struct shape_list items;
    int64_t step_s;
    struct shape_list rate_bands; /* of the site's day that holds `from`; empty while the meter's
                                     rate tables are not known, or broken */
};
extern const struct shape shape_readings;

/* The bands of the site's day that holds at_ms. */
enum rc meter_add_bands(struct request *request, int64_t meter_id, int64_t at_ms,
                        struct shape_list *list) MUST_CHECK;

#endif
