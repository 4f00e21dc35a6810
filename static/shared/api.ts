/**
 * One way to the server: JSON in and out, problem+json to one error class, the CSRF header on unsafe
 * methods, an Idempotency-Key on orders, and a callback when the session has ended.
 */
export interface Problem {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  field?: string;
}

/** Every failure of a call. `code` is the server's stable code, or `network` / `internal` / `too_large`. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field: string | null;

  constructor(problem: Problem, status: number) {
    super(problem.detail || problem.title || problem.code || String(status));
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? codeOfStatus(status);
    this.detail = problem.detail ?? '';
    this.field = problem.field ?? null;
  }
}

function codeOfStatus(status: number): string {
  const codes: Record<number, string> = {
    0: 'network',
    401: 'unauthenticated',
    403: 'forbidden',
    404: 'not_found',
    413: 'too_large',
    429: 'rate_limited',
    502: 'unavailable',
    503: 'unavailable',
    504: 'unavailable',
  };
  return codes[status] ?? 'internal';
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface CallOptions {
  query?: Query;
  signal?: AbortSignal | undefined;
  /** Orders of money or relay: a key made by `orderKey()` once per intent, kept for repeats. */
  key?: string;
  headers?: Record<string, string>;
  /** Milliseconds before the call is given up. */
  timeout_ms?: number;
}

export interface ApiHooks {
  /** The session has ended (401 on any call but the log-in itself). */
  ended: () => void;
  /** A stage must be finished first (403 enrolment_required / password_change_required). */
  staged: () => void;
}

const call_timeout_ms = 20_000;

/** A new key for one intent of the user. A repeat of the same intent must use the same key. */
export function orderKey(): string {
  return crypto.randomUUID();
}

export class Api {
  private csrf_token = '';
  private hooks: ApiHooks = { ended: () => undefined, staged: () => undefined };

  constructor(private readonly base: string) {}

  tokenSet(token: string): void {
    this.csrf_token = token;
  }

  hooksSet(hooks: ApiHooks): void {
    this.hooks = hooks;
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.call<T>('GET', path, undefined, options);
  }

  post<T>(path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    return this.call<T>('POST', path, body, options);
  }

  delete<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.call<T>('DELETE', path, undefined, options);
  }

  /** A raw body (a file) instead of JSON. */
  upload<T>(path: string, body: BodyInit, type: string, options: CallOptions = {}): Promise<T> {
    return this.send<T>('POST', path, body, type, options);
  }

  private call<T>(method: string, path: string, body: unknown, options: CallOptions): Promise<T> {
    const bytes = body === undefined ? undefined : JSON.stringify(body);
    return this.send<T>(method, path, bytes, 'application/json', options);
  }

  private async send<T>(
    method: string,
    path: string,
    body: BodyInit | undefined,
    type: string,
    options: CallOptions,
  ): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
    if (body !== undefined) headers['Content-Type'] = type;
    if (method !== 'GET' && this.csrf_token) headers['X-CSRF-Token'] = this.csrf_token;
    if (options.key) headers['Idempotency-Key'] = options.key;

    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.timeout_ms ?? call_timeout_ms);
    const forward = (): void => abort.abort();
    options.signal?.addEventListener('abort', forward);
    try {
      const url = this.base + path + queryText(options.query);
      const init: RequestInit = { method, headers, credentials: 'same-origin', signal: abort.signal };
      if (body !== undefined) init.body = body;
      const response = await fetch(url, init).catch((cause: unknown) => {
        if (options.signal?.aborted) throw cause;
        throw new ApiError({ code: 'network' }, 0);
      });
      return await this.read<T>(response, path);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', forward);
    }
  }

  private async read<T>(response: Response, path: string): Promise<T> {
    if (response.status === 204) return undefined as T;
    const is_json = (response.headers.get('Content-Type') ?? '').includes('json');
    const parsed: unknown = is_json ? await response.json().catch(() => null) : null;
    if (response.ok) {
      if (!is_json) throw new ApiError({ code: 'internal' }, response.status);
      return parsed as T;
    }
    const error = new ApiError((parsed ?? {}) as Problem, response.status);
    if (response.status === 401 && path !== '/session' && error.code === 'unauthenticated') this.hooks.ended();
    if (error.code === 'enrolment_required' || error.code === 'password_change_required') this.hooks.staged();
    throw error;
  }
}

function queryText(query: Query | undefined): string {
  if (!query) return '';
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') pairs.set(name, String(value));
  }
  const joined = pairs.toString();
  return joined ? `?${joined}` : '';
}

/** True for the error of an aborted call: the caller asked for it, nothing is to be shown. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
