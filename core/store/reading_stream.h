/*
 * Readings in Redis: the stream pw:stream:reading (for whoever wants each one) and the hash pw:last
 * (last values by meter id, compact JSON). Hints only: losing them loses nothing.
 */
#ifndef PW_STORE_READING_STREAM_H
#define PW_STORE_READING_STREAM_H

#include <stddef.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/reading_store.h"
#include "core/store/redis.h"

#define READING_STREAM_MAX 100000 /* entries kept, about */

/* Compact JSON of a reading's main values, as in pw:last:
   {"at":ms,"p":W,"e":Wh,"b":fen,"n":count,"s":status, "r":"closed"}. Appends. */
void reading_stream_json(struct text *json, const struct reading_entry *entry);
/* Sends up to count entries (slow ones are left out), pipelined. RC_UNAVAILABLE: some may have been
 * sent. */
enum rc reading_stream_publish(struct redis *redis, const struct reading_entry *entries,
                               size_t count) MUST_CHECK;

#endif
