// The mock API and a preview of one built front end in front of it, on ports of their own; and a browser.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(new URL('../browser/package.json', import.meta.url))('playwright-core');

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function answers(url) {
  for (let n = 0; n < 100; n += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** CONFIG: the app's vite configuration; PATH: where it lives, such as "/portal". */
export async function mockStart(config, path) {
  const mock_port = await freePort();
  const port = await freePort();
  const env = {
    ...process.env,
    PW_MOCK_PORT: mock_port,
    PW_API: `http://127.0.0.1:${mock_port}`,
    PW_PREVIEW_PORT: port,
    PW_MOCK_DELAY_MS: '5',
  };
  const options = { cwd: `${root}/static`, env, stdio: 'ignore' };
  const children = [
    spawn(process.execPath, ['dev/mock-server.mjs'], options),
    spawn(process.execPath, ['node_modules/vite/bin/vite.js', 'preview', '--config', config, '--host', '127.0.0.1'], options),
  ];
  const base = `http://127.0.0.1:${port}${path}`;
  await answers(`http://127.0.0.1:${mock_port}/`);
  await answers(`${base}/`);
  const browser = await chromium.launch({
    executablePath: process.env.PW_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const stop = async () => {
    await browser.close();
    for (const child of children) child.kill();
  };
  return { base, browser, stop };
}
