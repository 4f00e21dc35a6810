#include "core/rules/frame.h"

#include <assert.h>
#include <string.h>

#define ADDRESS_MAX 247
#define READ_MAX 125
#define WRITE_MAX 123
#define PRIVATE_DATA_MAX 240
#define EXCEPTION_BIT 0x80
#define RTU_MIN 4 /* address, function, CRC */
#define RTU_EXCEPTION_LEN 5
#define RTU_OVERHEAD 3      /* address, CRC */
#define MBAP_LENGTH_MIN 2   /* unit, function */
#define MBAP_LENGTH_MAX 254 /* unit, PDU */

uint16_t frame_crc(const uint8_t *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static bool address_is_valid(uint8_t address)
{
    return address >= 1 && address <= ADDRESS_MAX;
}

enum rc frame_read(uint8_t address, uint16_t at, uint16_t count, struct frame_request *ret_request)
{
    assert(ret_request != NULL);
    if (!address_is_valid(address) || count < 1 || count > READ_MAX || at + count > 65536) {
        return RC_INVALID;
    }
    *ret_request = (struct frame_request){
        .address = address, .pdu_len = 5, .reply_pdu_len = 2 + 2 * (size_t)count};
    ret_request->pdu[0] = FRAME_FUNCTION_READ;
    put_u16(ret_request->pdu + 1, at);
    put_u16(ret_request->pdu + 3, count);
    return RC_OK;
}

enum rc frame_write(uint8_t address, uint16_t at, const uint16_t *values, uint16_t count,
                    struct frame_request *ret_request)
{
    assert(values != NULL && ret_request != NULL);
    if (!address_is_valid(address) || count < 1 || count > WRITE_MAX || at + count > 65536) {
        return RC_INVALID;
    }
    *ret_request = (struct frame_request){
        .address = address, .pdu_len = 6 + 2 * (size_t)count, .reply_pdu_len = 5};
    ret_request->pdu[0] = FRAME_FUNCTION_WRITE;
    put_u16(ret_request->pdu + 1, at);
    put_u16(ret_request->pdu + 3, count);
    ret_request->pdu[5] = (uint8_t)(2 * count);
    for (uint16_t i = 0; i < count; i++) {
        put_u16(ret_request->pdu + 6 + 2 * i, values[i]);
    }
    return RC_OK;
}

enum rc frame_private(uint8_t address, uint16_t start, const uint8_t *data, size_t data_len,
                      struct frame_request *ret_request)
{
    assert(data != NULL && ret_request != NULL);
    if (!address_is_valid(address) || data_len < 2 || data_len > PRIVATE_DATA_MAX ||
        data_len % 2 != 0) {
        return RC_INVALID;
    }
    *ret_request = (struct frame_request){.address = address,
                                          .pdu_len = 6 + data_len,
                                          .reply_pdu_len = FRAME_PRIVATE_REPLY - RTU_OVERHEAD};
    ret_request->pdu[0] = FRAME_FUNCTION_PRIVATE;
    put_u16(ret_request->pdu + 1, start);
    put_u16(ret_request->pdu + 3, (uint16_t)(data_len / 2));
    ret_request->pdu[5] = (uint8_t)data_len;
    memcpy(ret_request->pdu + 6, data, data_len);
    return RC_OK;
}

size_t frame_seal_rtu(const struct frame_request *request, uint8_t out[FRAME_ADU_MAX])
{
    assert(request != NULL && out != NULL && request->pdu_len <= FRAME_PDU_MAX);
    size_t len = 1 + request->pdu_len;
    out[0] = request->address;
    memcpy(out + 1, request->pdu, request->pdu_len);
    uint16_t crc = frame_crc(out, len);
    out[len] = (uint8_t)crc;
    out[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

size_t frame_seal_mbap(const struct frame_request *request, uint16_t transaction,
                       uint8_t out[FRAME_ADU_MAX])
{
    assert(request != NULL && out != NULL && request->pdu_len <= FRAME_PDU_MAX);
    put_u16(out, transaction);
    put_u16(out + 2, 0);
    put_u16(out + 4, (uint16_t)(1 + request->pdu_len));
    out[6] = request->address;
    memcpy(out + FRAME_MBAP_HEADER, request->pdu, request->pdu_len);
    return FRAME_MBAP_HEADER + request->pdu_len;
}

size_t frame_rtu_request_bytes(const struct frame_request *request)
{
    return request->pdu_len + RTU_OVERHEAD;
}

size_t frame_rtu_reply_bytes(const struct frame_request *request)
{
    return request->reply_pdu_len + RTU_OVERHEAD;
}

/* True if the first `len` bytes of a PDU (function first) can be the start of the normal answer. */
static bool pdu_can_be_answer(const struct frame_request *request, const uint8_t *pdu, size_t len)
{
    if (len >= 1 && pdu[0] != request->pdu[0]) {
        return false;
    }
    if (request->pdu[0] == FRAME_FUNCTION_READ) {
        return len < 2 || pdu[1] == request->reply_pdu_len - 2;
    }
    if (request->pdu[0] == FRAME_FUNCTION_WRITE) { /* start and count come back */
        size_t same = len < 5 ? len : 5;
        return memcmp(pdu, request->pdu, same) == 0;
    }
    return true;
}

static bool pdu_is_exception(const struct frame_request *request, const uint8_t *pdu)
{
    return pdu[0] == (request->pdu[0] | EXCEPTION_BIT);
}

static bool rtu_is_sealed(const uint8_t *bytes, size_t len)
{
    uint16_t crc = frame_crc(bytes, len - 2);
    return bytes[len - 2] == (uint8_t)crc && bytes[len - 1] == (uint8_t)(crc >> 8);
}

/* What can begin at bytes. The answer's and the exception's length when address and function fit,
 * else 0. */
static size_t rtu_expected_len(const struct frame_request *request, const uint8_t *bytes,
                               size_t len)
{
    if (len < 2 || bytes[0] != request->address) {
        return 0;
    }
    if (pdu_is_exception(request, bytes + 1)) {
        return RTU_EXCEPTION_LEN;
    }
    return pdu_can_be_answer(request, bytes + 1, len - 1) ? frame_rtu_reply_bytes(request) : 0;
}

/* An answer, exception or echo that stands whole at bytes. */
static bool rtu_ours_at(const struct frame_request *request, const uint8_t *echo, size_t echo_len,
                        const uint8_t *bytes, size_t len, struct frame_finding *finding)
{
    size_t expected = rtu_expected_len(request, bytes, len);
    if (expected != 0 && len >= expected && rtu_is_sealed(bytes, expected)) {
        bool exception = pdu_is_exception(request, bytes + 1);
        *finding = (struct frame_finding){
            .verdict = exception ? FRAME_EXCEPTION : FRAME_ANSWER,
            .len = expected,
            .pdu_at = 1,
            .pdu_len = expected - RTU_OVERHEAD,
            .exception = exception ? bytes[2] : 0,
            .address = bytes[0],
        };
        return true;
    }
    if (len >= echo_len && memcmp(bytes, echo, echo_len) == 0) {
        *finding =
            (struct frame_finding){.verdict = FRAME_ECHO, .len = echo_len, .address = bytes[0]};
        return true;
    }
    return false;
}

/* Lengths that a frame with this function may have, as answer and as request; 0: not known (yet).
 */
static void rtu_known_lengths(const uint8_t *bytes, size_t len, size_t lengths[2])
{
    lengths[0] = lengths[1] = 0;
    if (len < 3) {
        return;
    }
    uint8_t function = bytes[1];
    if ((function & EXCEPTION_BIT) != 0) {
        lengths[0] = RTU_EXCEPTION_LEN;
    } else if (function >= 0x01 && function <= 0x04) {
        lengths[0] = 5 + (size_t)bytes[2];
        lengths[1] = 8;
    } else if (function == 0x05 || function == 0x06) {
        lengths[0] = 8;
    } else if (function == 0x0F || function == FRAME_FUNCTION_WRITE) {
        lengths[0] = 8;
        lengths[1] = len >= 7 ? 9 + (size_t)bytes[6] : 0;
    } else if (function == FRAME_FUNCTION_PRIVATE) {
        lengths[0] = FRAME_PRIVATE_REPLY;
        lengths[1] = len >= 7 ? 9 + (size_t)bytes[6] : 0;
    }
}

/* Length of a whole frame of anybody at bytes, 0 if none. */
static size_t rtu_any_len(const uint8_t *bytes, size_t len)
{
    size_t lengths[2];
    rtu_known_lengths(bytes, len, lengths);
    for (int i = 0; i < 2; i++) {
        if (lengths[i] >= RTU_MIN && len >= lengths[i] && rtu_is_sealed(bytes, lengths[i])) {
            return lengths[i];
        }
    }
    return 0;
}

struct frame_finding frame_scan_rtu(const struct frame_request *request, const uint8_t *bytes,
                                    size_t len)
{
    assert(request != NULL && (bytes != NULL || len == 0));
    struct frame_finding finding = {.verdict = FRAME_MORE};
    if (len < RTU_MIN) {
        return finding;
    }
    uint8_t echo[FRAME_ADU_MAX];
    size_t echo_len = frame_seal_rtu(request, echo);
    if (rtu_ours_at(request, echo, echo_len, bytes, len, &finding)) {
        return finding;
    }
    /* While the front may still become our answer, nobody else's frame is read into it: 1 in 65536
       such beginnings has a CRC that fits by chance. */
    size_t expected = rtu_expected_len(request, bytes, len);
    if (expected == 0 || len >= expected) {
        size_t foreign_len = rtu_any_len(bytes, len);
        if (foreign_len != 0) {
            return (struct frame_finding){
                .verdict = FRAME_FOREIGN, .len = foreign_len, .address = bytes[0]};
        }
    }
    for (size_t at = 1; at + RTU_MIN <= len; at++) { /* behind noise */
        if (rtu_ours_at(request, echo, echo_len, bytes + at, len - at, &finding)) {
            finding.skipped = at;
            finding.len += at;
            finding.pdu_at += at;
            return finding;
        }
    }
    return (struct frame_finding){.verdict = FRAME_MORE};
}

enum frame_rest frame_rest_rtu(const struct frame_request *request, const uint8_t *bytes,
                               size_t len)
{
    assert(request != NULL && (bytes != NULL || len == 0));
    enum frame_rest rest = len == 0 ? FRAME_REST_NONE : FRAME_REST_NOISE;
    for (size_t at = 0; at < len; at++) {
        size_t left = len - at;
        size_t expected = rtu_expected_len(request, bytes + at, left);
        if (expected != 0 && left >= expected) {
            return FRAME_REST_CRC; /* whole, and no scanner took it */
        }
        if (expected != 0 || (left == 1 && bytes[at] == request->address)) {
            rest = FRAME_REST_SHORT;
        }
    }
    return rest;
}

struct frame_finding frame_scan_mbap(const struct frame_request *request, uint16_t transaction,
                                     const uint8_t *bytes, size_t len)
{
    assert(request != NULL && (bytes != NULL || len == 0));
    struct frame_finding finding = {.verdict = FRAME_MORE};
    if (len < 6) {
        return finding;
    }
    uint16_t length = get_u16(bytes + 4);
    if (get_u16(bytes + 2) != 0 || length < MBAP_LENGTH_MIN || length > MBAP_LENGTH_MAX) {
        finding.verdict = FRAME_BROKEN;
        return finding;
    }
    if (len < 6 + (size_t)length) {
        return finding;
    }
    const uint8_t *pdu = bytes + FRAME_MBAP_HEADER;
    finding = (struct frame_finding){.verdict = FRAME_FOREIGN,
                                     .len = 6 + (size_t)length,
                                     .pdu_at = FRAME_MBAP_HEADER,
                                     .pdu_len = length - (size_t)1,
                                     .address = bytes[6]};
    if (get_u16(bytes) != transaction || bytes[6] != request->address) {
        return finding;
    }
    if (finding.pdu_len == request->pdu_len && memcmp(pdu, request->pdu, finding.pdu_len) == 0 &&
        finding.pdu_len != request->reply_pdu_len) {
        finding.verdict = FRAME_ECHO;
    } else if (pdu_is_exception(request, pdu) && finding.pdu_len == 2) {
        finding.verdict = FRAME_EXCEPTION;
        finding.exception = pdu[1];
    } else if (finding.pdu_len == request->reply_pdu_len &&
               pdu_can_be_answer(request, pdu, finding.pdu_len)) {
        finding.verdict = FRAME_ANSWER;
    }
    return finding;
}

void frame_registers(const struct frame_reply *reply, uint16_t *registers, size_t count)
{
    assert(reply != NULL && registers != NULL && reply->pdu_len == 2 + 2 * count);
    for (size_t i = 0; i < count; i++) {
        registers[i] = get_u16(reply->pdu + 2 + 2 * i);
    }
}
