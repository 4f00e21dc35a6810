"""The phone site in tests: a person's phone, the codes on their way to it, a session on the public listener."""
import ctypes
import ctypes.util
import os

import lib

NONCE_BYTES = 24
TAG_BYTES = 16


def unseal(servers, sealed, associated):
    """Opens what the field key sealed (XChaCha20-Poly1305: nonce, text, tag), with libsodium itself."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    with open(os.path.join(servers.secret, "field_key"), encoding="ascii") as file:
        key = bytes.fromhex(file.read().strip())
    out = ctypes.create_string_buffer(len(sealed))
    size = ctypes.c_ulonglong()
    status = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, ctypes.byref(size), None, sealed[NONCE_BYTES:], ctypes.c_ulonglong(len(sealed) - NONCE_BYTES),
        associated, ctypes.c_ulonglong(len(associated)), sealed[:NONCE_BYTES], key)
    assert status == 0, "the sealed bytes do not open"
    return out.raw[:size.value].decode()


def codes(servers):
    """Every code that was queued as an SMS, oldest first."""
    rows = servers.sql("SELECT HEX(body_sealed), HEX(phone_hash) FROM message WHERE kind = 'login_code' AND body_sealed IS NOT NULL ORDER BY id")
    return [unseal(servers, bytes.fromhex(sealed), bytes.fromhex(associated)) for sealed, associated in rows]


def forget_limits(servers):
    """As if nothing had been asked within the last minute: counters of routes, pauses of codes."""
    servers.redis("EVAL", "for _, key in ipairs(redis.call('KEYS', 'pw:rate:*')) do redis.call('DEL', key) end", "0")
    servers.sql("UPDATE tenant_code SET created_at = created_at - INTERVAL 2 MINUTE")


def phone(servers):
    """A phone's browser on the public listener."""
    return lib.Client(servers.public_port, "/api/v1/tenant")


def log_in(servers, number, password=None):
    """A session by password, or by a code that is sent and typed."""
    me = phone(servers)
    if password is None:
        before = len(codes(servers))
        asked = me.post("/session/code", {"phone": number})
        assert asked.status == 202, asked
        sent = codes(servers)
        assert len(sent) == before + 1, f"no code was sent to {number}"
        answer = me.post("/session", {"phone": number, "code": sent[-1]})
    else:
        answer = me.post("/session", {"phone": number, "password": password})
    assert answer.status == 200, answer
    me.csrf = answer.json["csrf_token"]
    return me
