import { afterEach, describe, expect, it, vi } from 'vitest';
import { Api, ApiError, orderKey } from '@shared/api';
import { backoff } from '@shared/poll';

interface Sent {
  url: string;
  init: RequestInit;
}

function answerWith(status: number, body: unknown, type = 'application/json'): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    sent.push({ url, init });
    const bytes = status === 204 ? null : JSON.stringify(body);
    return Promise.resolve(new Response(bytes, { status, headers: { 'Content-Type': type } }));
  });
  return sent;
}
const headersOf = (sent: Sent | undefined): Record<string, string> =>
  (sent?.init.headers ?? {}) as Record<string, string>;

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError');
  return error;
}

afterEach(() => vi.unstubAllGlobals());

describe('api', () => {
  it('sends the CSRF token on unsafe methods only, and the key on orders', async () => {
    const sent = answerWith(200, { fine: true });
    const api = new Api('/api');
    api.tokenSet('token');
    const key = orderKey();
    await api.get('/a', { query: { q: 'x y', none: null, empty: '' } });
    await api.post('/b', { n: 1 }, { key });
    expect(sent[0]?.url).toBe('/api/a?q=x+y');
    expect(headersOf(sent[0])['X-CSRF-Token']).toBeUndefined();
    expect(headersOf(sent[1])['X-CSRF-Token']).toBe('token');
    expect(headersOf(sent[1])['Idempotency-Key']).toBe(key);
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('turns a problem document into one error', async () => {
    answerWith(
      422,
      { title: 'Invalid', code: 'invalid_field', detail: 'too short', field: 'reason' },
      'application/problem+json',
    );
    const error = await failureOf(new Api('/api').post('/b', {}));
    expect([error.status, error.code, error.detail, error.field]).toEqual([
      422,
      'invalid_field',
      'too short',
      'reason',
    ]);
  });

  it('names failures without a problem document by their status', async () => {
    answerWith(502, '<html>', 'text/html');
    expect((await failureOf(new Api('/api').get('/b'))).code).toBe('unavailable');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    expect((await failureOf(new Api('/api').get('/b'))).code).toBe('network');
  });

  it('does not take a page of another program for an answer', async () => {
    answerWith(200, '<html>', 'text/html');
    expect((await failureOf(new Api('/api').get('/b'))).code).toBe('internal');
  });

  it('tells when the session has ended, but not for a refused log-in', async () => {
    answerWith(401, { code: 'unauthenticated' }, 'application/problem+json');
    const ended = vi.fn();
    const api = new Api('/api');
    api.hooksSet({ ended, staged: vi.fn() });
    await failureOf(api.post('/session', {}));
    expect(ended).not.toHaveBeenCalled();
    await failureOf(api.get('/meters'));
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it('does not end the session for a wrong code', async () => {
    answerWith(401, { code: 'totp_wrong' }, 'application/problem+json');
    const ended = vi.fn();
    const api = new Api('/api');
    api.hooksSet({ ended, staged: vi.fn() });
    await failureOf(api.post('/approvals/1/decision', {}));
    expect(ended).not.toHaveBeenCalled();
  });

  it('answers nothing for 204', async () => {
    answerWith(204, null);
    expect(await new Api('/api').delete('/session')).toBeUndefined();
  });
});

describe('poll', () => {
  it('doubles its wait after failures, up to a minute', () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((n) => backoff(2_000, n))).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
    expect(backoff(120_000, 3)).toBe(120_000);
  });
});
