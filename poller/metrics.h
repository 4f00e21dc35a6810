/*
 * Metrics of one poller process in Prometheus text, for a file that is replaced as a whole.
 */
#ifndef PW_POLLER_METRICS_H
#define PW_POLLER_METRICS_H

#include "core/base/rc.h"
#include "core/base/text.h"
#include "poller/engine.h"
#include "poller/field_watch.h"

#define METRICS_BYTES_MAX (4u << 20)

/* Appends all metrics. ended: orders by state since start. */
void metrics_write(struct text *text, const struct field_watch *watch,
                   const struct writer_counts *writer, const int64_t ended[COMMAND_STATE__MAX],
                   int32_t shard);
/* Replaces the file: readers see the old or the new text, never half of one. RC_IO. */
enum rc metrics_replace(const char *path, const struct text *text) MUST_CHECK;

#endif
