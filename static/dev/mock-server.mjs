// A stand-in for the staff and the tenant API, for front-end development only: `npm run mock`, then `npm run dev`.
// Users: admin, engineer, finance, auditor, newbie (password "paywatt-demo"); TOTP code 123456, recovery too.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Problem, routes } from './mock-routes.mjs';
import { tick } from './mock-park.mjs';
import { tenant_routes, tenantSeen } from './mock-tenant.mjs';

const port = Number(process.env.PW_MOCK_PORT ?? 8098);
const sessions = new Map();
const tenant_sessions = new Map();
const answers = new Map();

function match(method, path) {
  for (const [pattern, handler] of Object.entries(routes)) {
    const [verb, shape] = pattern.split(' ');
    if (verb !== method) continue;
    const found = new RegExp('^' + shape.replace(/:id/g, '(\\d+)') + '$').exec(path);
    if (found) return { handler, id: Number(found[1] ?? 0), open: pattern.includes('/session') };
  }
  return null;
}

function tenantMatch(method, path) {
  for (const [pattern, row] of Object.entries(tenant_routes)) {
    const [verb, shape] = pattern.split(' ');
    if (verb !== method) continue;
    const found = new RegExp(
      '^' + shape.replace(/:id/g, '(?<id>\\d+)').replace(/:word/g, '(?<word>[\\w-]+)') + '$',
    ).exec(path);
    if (found) return { ...row, id: Number(found.groups?.id ?? 0), word: found.groups?.word ?? '' };
  }
  return null;
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (!bytes.length) return {};
  if ((request.headers['content-type'] ?? '').includes('json')) return JSON.parse(bytes.toString());
  if ((request.headers['content-type'] ?? '').includes('urlencoded')) return {};
  return {
    raw: bytes.toString(),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    file_name: decodeURIComponent(request.headers['x-file-name'] ?? ''),
  };
}

function answer(response, status, body, headers = {}) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', ...headers });
  response.end(status === 204 || body === undefined ? undefined : JSON.stringify(body));
}

/** The tenant's side: other people, other cookie, the same manners. */
async function tenantAnswer(request, response, url) {
  const path = url.pathname.replace('/api/v1/tenant', '');
  const row = tenantMatch(request.method, path);
  if (!row) throw new Problem(404, 'not_found');
  const sid = /pw_mock_tenant=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = tenant_sessions.get(sid);
  if (!row.open && !session) throw new Problem(401, 'unauthenticated');
  if (!row.open && session.who.stage !== 'full' && !path.startsWith('/session'))
    throw new Problem(403, 'password_change_required');
  if (!row.open && request.method !== 'GET' && request.headers['x-csrf-token'] !== session.csrf_token)
    throw new Problem(403, 'csrf');
  const body = await bodyOf(request);
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.PW_MOCK_DELAY_MS ?? 40)));
  const key = request.headers['idempotency-key'];
  if (key && answers.has(key)) return answer(response, ...answers.get(key));
  const origin = request.headers.origin ?? '';
  const result = row.run({ id: row.id, word: row.word, body, query: url.searchParams, session, origin });
  if (result?.location) return answer(response, result.status, undefined, { Location: result.location });
  if (path === '/session' && request.method === 'DELETE') tenant_sessions.delete(sid);
  if (path === '/session' && request.method === 'POST') {
    const own = randomUUID();
    tenant_sessions.set(own, result);
    return answer(response, 200, tenantSeen(result), {
      'Set-Cookie': `pw_mock_tenant=${own}; Path=/; HttpOnly; SameSite=Lax`,
    });
  }
  const status = result === undefined ? 204 : typeof result.status === 'number' ? result.status : 200;
  const payload = typeof result?.status === 'number' ? result.body : result;
  if (key) answers.set(key, [status, payload]);
  return answer(response, status, payload);
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  const path = url.pathname.replace('/api/v1/staff', '');
  try {
    if (url.pathname.startsWith('/api/v1/tenant/')) return await tenantAnswer(request, response, url);
    const sid = /pw_mock=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    const session = sessions.get(sid);
    const row = match(request.method, path);
    if (!row) throw new Problem(404, 'not_found');
    const logging_in = request.method === 'POST' && path === '/session';
    if (!session && !logging_in) throw new Problem(401, 'unauthenticated');
    if (session && session.stage !== 'full' && !row.open)
      throw new Problem(403, session.stage === 'enrol_totp' ? 'enrolment_required' : 'password_change_required');
    if (session && request.method !== 'GET' && !logging_in && request.headers['x-csrf-token'] !== session.csrf_token)
      throw new Problem(403, 'csrf');
    const key = request.headers['idempotency-key'];
    const body = await bodyOf(request);
    await new Promise((resolve) => setTimeout(resolve, Number(process.env.PW_MOCK_DELAY_MS ?? 40)));
    if (key && answers.has(key)) return answer(response, ...answers.get(key));
    const result = row.handler({ id: row.id, body, query: url.searchParams, session });
    const status = result?.status ?? (result === undefined ? 204 : 200);
    const headers = {};
    if (logging_in) {
      const own = randomUUID();
      sessions.set(own, result);
      headers['Set-Cookie'] = `pw_mock=${own}; Path=/; HttpOnly; SameSite=Strict`;
    }
    if (request.method === 'DELETE') sessions.delete(sid);
    const payload = result?.status ? result.body : result;
    if (key) answers.set(key, [status, payload]);
    return answer(response, status, payload, headers);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    const status = error instanceof Problem ? error.status : 500;
    return answer(response, status, {
      type: 'about:blank',
      title: error.code ?? 'internal',
      status,
      code: error.code ?? 'internal',
      detail: error.detail ?? '',
      field: error.field,
    });
  }
}).listen(port, '127.0.0.1', () => console.log(`mock API on http://127.0.0.1:${port}`));
setInterval(tick, 1000);
