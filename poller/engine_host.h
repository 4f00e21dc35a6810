/*
 * What lines ask of the engine: orders in MariaDB through the pool, readings to the writer, counts.
 */
#ifndef PW_POLLER_ENGINE_HOST_H
#define PW_POLLER_ENGINE_HOST_H

#include "poller/engine.h"

struct line_host engine_host(struct engine *engine);

#endif
