/*
 * What lines ask of the engine: orders in MariaDB through the pool, readings to the writer, counts.
 */
#ifndef PW_POLLER_ENGINE_HOST_H
#define PW_POLLER_ENGINE_HOST_H

#include "poller/engine.h"

/* The functions of struct line_host for this engine, which must outlive the lines. */
struct line_host engine_host(struct engine *engine);

#endif
