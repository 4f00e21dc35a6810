// What a person does in the portal, as functions: open a browser, log in, find a unit, give an order.
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** var/demo.json of the stack under test. */
export const demo = JSON.parse(readFileSync(process.env.PW_DEMO_JSON ?? 'var/demo.json', 'utf8'));
const pictures = process.env.PW_PICTURES ?? 'pictures';
mkdirSync(pictures, { recursive: true });

export const base = demo.portal_url.replace(/\/$/, '');

export function open() {
  return chromium.launch({
    executablePath: process.env.PW_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

export const desk = { width: 1366, height: 768 };
export const phone = { width: 390, height: 844 };

/** A page of its own context; fails the test on errors of the page itself. */
export async function newPage(browser, viewport, locale) {
  const is_phone = viewport.width < 768;
  const context = await browser.newContext({
    viewport, locale, hasTouch: is_phone, isMobile: is_phone, deviceScaleFactor: is_phone ? 2 : 1,
    ignoreHTTPSErrors: true, reducedMotion: 'reduce', timezoneId: 'Asia/Shanghai',
  });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) page.faults.push(message.text());
  });
  return page;
}

function base32(text) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of text.replace(/=+$/, '')) bits += letters.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** RFC 6238, 30 s, 6 digits. */
export function totp(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', base32(secret)).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const used = new Map();

/** A code that was not used before: a step counts once, so the next one is awaited when needed. */
export async function freshCode(user) {
  for (;;) {
    const now = Math.floor(Date.now() / 30_000);
    const last = used.get(user.name) ?? 0;
    const step = Math.max(now - 1, last + 1);
    if (step <= now + 1) {
      used.set(user.name, step);
      return totp(user.totp_secret, step);
    }
    await new Promise((resolve) => setTimeout(resolve, (step - 1) * 30_000 - Date.now() + 50));
  }
}

export function userOf(role) {
  const user = demo.users.find((one) => one.role === role);
  if (!user) throw new Error(`demo.json has no user with role ${role}`);
  return user;
}

/** Log-ins are kept by role, so that no test spends a code that another needs. */
const states = new Map();

export async function logIn(page, user) {
  const kept = states.get(user.name);
  if (kept) await page.context().addCookies(kept);
  await page.goto(`${base}/`);
  await page.waitForSelector('.shell, input[autocomplete=username]');
  if (await page.locator('.shell').count()) return;
  await page.fill('input[autocomplete=username]', user.name);
  await page.fill('input[autocomplete=current-password]', user.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('input[autocomplete=one-time-code]');
  await enterCode(page, user);
  states.set(user.name, await page.context().cookies());
}

/** A code may have been spent by a test of another file: the next one is tried then. */
async function enterCode(page, user) {
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = page.waitForResponse((one) => one.url().endsWith('/session') && one.request().method() === 'POST');
    await page.fill('input[autocomplete=one-time-code]', await freshCode(user));
    if ((await answer).ok()) {
      await page.waitForSelector('.shell');
      return;
    }
  }
  throw new Error(`no code of ${user.name} was taken`);
}

/** The language of the interface belongs to the user; set it from wherever we are. */
export async function speak(page, locale) {
  const now = await page.evaluate(() => document.documentElement.lang);
  if (now === locale) return;
  await page.evaluate(async (wanted) => {
    const session = await (await fetch('/api/v1/staff/session')).json();
    await fetch('/api/v1/staff/session/locale', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token }, body: JSON.stringify({ locale: wanted }),
    });
    localStorage.setItem('pw.locale', wanted);
  }, locale);
  await page.reload();
  await page.waitForFunction((wanted) => document.documentElement.lang === wanted, locale);
}

export const picture = (page, name) => page.screenshot({ path: `${pictures}/${name}.png`, animations: 'disabled' });

/** All meters as the API tells them to this page's session. */
export const meters = (page) => page.evaluate(async () => (await (await fetch('/api/v1/staff/meters')).json()).items);

/** Ctrl+K (or the magnifier on a phone), type, Enter. */
export async function find(page, words) {
  const field = page.locator('.search input');
  if ((page.viewportSize()?.width ?? 0) < 768) await page.locator('.head__search').first().click();
  else await page.keyboard.press('Control+k');
  await field.waitFor();
  await field.fill(words);
  await page.locator('.search .hit').first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.pw-meter h1');
}

/** Gives an order on the open meter page and waits for its end; returns the state's class of the last step. */
export async function order(page, kind, unit_number, reason) {
  await page.locator(`[data-test=order-${kind}]`).click();
  await page.locator('.pw-order input[name=reason]').fill(reason);
  const unit = page.locator('.pw-order input[name=unit_number]');
  if (await unit.count()) await unit.fill(unit_number);
  await page.locator('[data-test=order-send]').click();
}

/** Waits until the order in the window has a proof. */
export async function proved(page) {
  await page.locator('.pw-progress .pw-state--closed').waitFor({ timeout: 30_000 });
  await page.locator('.pw-progress__steps li.is-done').nth(3).waitFor();
}

/** Nothing sticks out to the right. */
export async function fits(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
