/*
 * CRC-32 (IEEE 802.3, as in zlib) of records on disk.
 */
#ifndef PW_POLLER_CRC32_H
#define PW_POLLER_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of len bytes; 0xCBF43926 for "123456789". */
uint32_t crc32_of(const void *bytes, size_t len);

#endif
