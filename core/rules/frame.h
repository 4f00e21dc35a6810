/*
 * Frames: requests as bytes, and the judgement of what comes back. Pure functions over byte
 * buffers, fuzzed.
 *
 * Standards: Modbus Application Protocol 1.1b3 (functions 03, 10), Modbus over Serial Line 1.02
 * (RTU, CRC), Modbus Messaging on TCP/IP 1.0b (MBAP). Function 0x20 is Acrel's private one
 * (reference meters.md 1.4): its RTU answer is FRAME_PRIVATE_REPLY bytes whose content nobody has
 * published.
 *
 * The scanners never wait and keep nothing: give them all bytes received so far; they say what
 * stands at the front.
 */
#ifndef PW_RULES_FRAME_H
#define PW_RULES_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define FRAME_PDU_MAX 253
#define FRAME_ADU_MAX 260      /* MBAP; RTU is at most 256 */
#define FRAME_MBAP_HEADER 7    /* transaction, protocol, length, unit */
#define FRAME_PRIVATE_REPLY 15 /* bytes of an RTU answer to 0x20, CRC included */
#define FRAME_FUNCTION_READ 0x03
#define FRAME_FUNCTION_WRITE 0x10
#define FRAME_FUNCTION_PRIVATE 0x20

struct frame_request {
    uint8_t address; /* 1 .. 247 */
    uint8_t pdu[FRAME_PDU_MAX];
    size_t pdu_len;
    size_t reply_pdu_len; /* of a normal answer, function included */
};

struct frame_reply {
    uint8_t pdu[FRAME_PDU_MAX]; /* function first */
    size_t pdu_len;
};

enum frame_verdict {
    FRAME_MORE,      /* nothing to be said yet: listen on */
    FRAME_ANSWER,    /* the answer; pdu at bytes + pdu_at */
    FRAME_EXCEPTION, /* the meter or gateway said no; code = exception */
    FRAME_ECHO,      /* our own request */
    FRAME_FOREIGN,   /* a whole frame that is not for us */
    FRAME_BROKEN     /* MBAP only: the stream has lost its place, reconnect */
};

struct frame_finding {
    enum frame_verdict verdict;
    size_t skipped; /* noise before it */
    size_t len;     /* bytes to consume from the front, noise included; 0 for FRAME_MORE */
    size_t pdu_at;  /* FRAME_ANSWER */
    size_t pdu_len;
    uint8_t exception; /* FRAME_EXCEPTION */
    uint8_t address;   /* FRAME_FOREIGN: whose */
};

/* What stays at the deadline, for the counters. */
enum frame_rest { FRAME_REST_NONE, FRAME_REST_NOISE, FRAME_REST_SHORT, FRAME_REST_CRC };

uint16_t frame_crc(const uint8_t *bytes, size_t len); /* low byte goes first on the wire */

/* Requests. address 1 .. 247; count 1 .. 125 (read), 1 .. 123 (write); at + count <= 65536.
 * RC_INVALID else. */
enum rc frame_read(uint8_t address, uint16_t at, uint16_t count,
                   struct frame_request *ret_request) MUST_CHECK;
enum rc frame_write(uint8_t address, uint16_t at, const uint16_t *values, uint16_t count,
                    struct frame_request *ret_request) MUST_CHECK;
/* data_len: even, 2 .. 240. */
enum rc frame_private(uint8_t address, uint16_t start, const uint8_t *data, size_t data_len,
                      struct frame_request *ret_request) MUST_CHECK;
/* The bytes that leave. out has room for FRAME_ADU_MAX. Return their number. */
size_t frame_seal_rtu(const struct frame_request *request, uint8_t out[FRAME_ADU_MAX]);
size_t frame_seal_mbap(const struct frame_request *request, uint16_t transaction,
                       uint8_t out[FRAME_ADU_MAX]);
/* Bytes of request and normal answer on an RTU bus. */
size_t frame_rtu_request_bytes(const struct frame_request *request);
size_t frame_rtu_reply_bytes(const struct frame_request *request);

/* Judges the bytes received since the request left. len: 0 .. any. */
struct frame_finding frame_scan_rtu(const struct frame_request *request, const uint8_t *bytes,
                                    size_t len);
struct frame_finding frame_scan_mbap(const struct frame_request *request, uint16_t transaction,
                                     const uint8_t *bytes, size_t len);
/* Names what frame_scan_rtu left unjudged. CRC: an answer of ours of full length whose CRC is
 * wrong. */
enum frame_rest frame_rest_rtu(const struct frame_request *request, const uint8_t *bytes,
                               size_t len);
/* Registers of a read's answer, host order; count as asked. The reply must be one that a scanner
 * let through. */
void frame_registers(const struct frame_reply *reply, uint16_t *registers, size_t count);

#endif
