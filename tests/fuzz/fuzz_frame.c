/*
 * Frame scanners: any bytes, in any pieces. First byte: which request; second: RTU or MBAP and the
 * piece's size. Whatever comes, findings stay inside the buffer, consuming ends, and an answer is
 * what was asked for.
 */
#include <assert.h>
#include <string.h>

#include "core/rules/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TRANSACTION 0x0102

static void make_request(uint8_t which, struct frame_request *request)
{
    static const uint16_t values[] = {1, 1};
    static const uint8_t purchase[] = {0, 0, 0x27, 0x10, 0, 5, 0, 0};
    enum rc rc = RC_INTERNAL;
    switch (which % 4) {
    case 0:
        rc = frame_read(1, 0x0200, 48, request);
        break;
    case 1:
        rc = frame_read(1, 0x0224, 1, request);
        break;
    case 2:
        rc = frame_write(1, 0x0057, values, 2, request);
        break;
    default:
        rc = frame_private(1, 0x0100, purchase, sizeof(purchase), request);
    }
    assert(rc == RC_OK);
}

static void check_answer(const struct frame_request *request, const struct frame_finding *finding,
                         const uint8_t *bytes, bool rtu)
{
    const uint8_t *pdu = bytes + finding->pdu_at;
    assert(finding->pdu_len == request->reply_pdu_len);
    assert(pdu[0] == request->pdu[0] && pdu[-1] == request->address);
    if (rtu) {
        uint16_t crc = frame_crc(pdu - 1, 1 + finding->pdu_len);
        assert(pdu[finding->pdu_len] == (crc & 0xFF) && pdu[finding->pdu_len + 1] == crc >> 8);
    }
    if (pdu[0] == FRAME_FUNCTION_READ) {
        struct frame_reply reply = {.pdu_len = finding->pdu_len};
        uint16_t registers[125];
        memcpy(reply.pdu, pdu, finding->pdu_len);
        frame_registers(&reply, registers, (finding->pdu_len - 2) / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_request request;
    if (size < 2) {
        return 0;
    }
    make_request(data[0], &request);
    bool rtu = (data[1] & 1) != 0;
    size_t piece = 1 + (size_t)(data[1] >> 1);
    const uint8_t *bytes = data + 2;
    size_t left = size - 2;
    size_t seen = 0;
    while (left > 0) {
        seen = seen + piece < left ? seen + piece : left;
        struct frame_finding finding = rtu ? frame_scan_rtu(&request, bytes, seen)
                                           : frame_scan_mbap(&request, TRANSACTION, bytes, seen);
        assert(finding.len <= seen && finding.skipped <= finding.len);
        if (finding.verdict == FRAME_MORE) {
            if (seen == left) {
                (void)frame_rest_rtu(&request, bytes, seen);
                break;
            }
            continue;
        }
        if (finding.verdict == FRAME_BROKEN) {
            assert(!rtu);
            break;
        }
        assert(finding.len > 0);
        if (finding.verdict == FRAME_ANSWER) {
            assert(finding.pdu_at + finding.pdu_len <= finding.len);
            check_answer(&request, &finding, bytes, rtu);
        }
        bytes += finding.len;
        left -= finding.len;
        seen -= finding.len;
    }
    return 0;
}
