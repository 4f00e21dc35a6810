/*
 * One record of the spool: length, CRC-32, the row in little-endian. Pure.
 */
#ifndef PW_POLLER_SPOOL_RECORD_H
#define PW_POLLER_SPOOL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store/reading_store.h"
#include "poller/spool.h"

/* The whole record with its length and CRC. */
void spool_record_write(uint8_t record[SPOOL_RECORD_BYTES], const struct reading_row *row);
/* False if length or CRC are wrong; *ret_row is then untouched. */
bool spool_record_read(const uint8_t record[SPOOL_RECORD_BYTES], struct reading_row *ret_row);

#endif
