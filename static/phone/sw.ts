/**
 * The service worker: the pages of this build stay readable without a network. It never touches the API:
 * what was last known is kept by last_known.ts, per person, and goes at log-out.
 */
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface WorkerScope {
  addEventListener(kind: 'install' | 'activate', listener: (event: WorkerEvent) => void): void;
  addEventListener(kind: 'fetch', listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}
/** Written above this text by the build. */
declare const shell_files: readonly string[];

const worker = self as unknown as WorkerScope;
const prefix = 'pw-phone-';
const page = '/m/';
const network_wait_ms = 4_000;
const files = shell_files.map((name) => page + name);
const store_name =
  prefix +
  files
    .join('|')
    .split('')
    .reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(store_name)
      .then((store) => store.addAll([page, page + 'icon.svg', ...files]))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith(prefix) && name !== store_name))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

/** The page from the network, and from here when that fails or takes too long. */
async function pageAnswer(request: Request): Promise<Response> {
  const kept = await caches.match(page);
  const fresh = fetch(request);
  if (!kept) return fresh;
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), network_wait_ms));
  return Promise.race([fresh.then((answer) => (answer.ok ? answer : kept)), late]).catch(() => kept);
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || !url.pathname.startsWith(page)) return;
  if (request.mode === 'navigate') event.respondWith(pageAnswer(request));
  else if (url.pathname.startsWith(page + 'assets/'))
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
