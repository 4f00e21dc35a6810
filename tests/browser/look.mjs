// Pictures of portal pages for the eye: node look.mjs OUT_FOLDER [name...]
// Needs a server (PW_LOOK_URL, default the preview of static/ in front of its mock API).
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [out = 'pictures', ...only] = process.argv.slice(2);
const base = process.env.PW_LOOK_URL ?? 'http://127.0.0.1:5174/portal';
const user = process.env.PW_LOOK_USER ?? 'admin';
const password = process.env.PW_LOOK_PASSWORD ?? 'paywatt-demo';
const code = process.env.PW_LOOK_TOTP ?? '123456';
const widths = (process.env.PW_LOOK_WIDTHS ?? '1366,390').split(',').map(Number);
const languages = (process.env.PW_LOOK_LANGUAGES ?? 'zh-CN').split(',');
const theme = process.env.PW_LOOK_THEME ?? 'light';
const pages = {
  about: '/about', users: '/users', audit: '/audit', approvals: '/approvals', alarms: '/alarms', import: '/import', me: '/me', password: '/password',
  overview: '/overview', tasks: '/tasks', monitor: '/monitor', meter: '/meters/8', lines: '/lines', line: '/lines/1', lockouts: '/lock-outs', backfill: '/backfill/3', correct: '/correct', waiting: '/waiting',
};

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const width of widths) {
  for (const language of languages) {
    const context = await browser.newContext({
      viewport: { width, height: width < 768 ? 844 : Math.round(width * 0.5625) }, deviceScaleFactor: width < 768 ? 2 : 1, hasTouch: width < 768, isMobile: width < 768,
      colorScheme: theme, locale: language, reducedMotion: 'reduce', ignoreHTTPSErrors: true, timezoneId: 'Asia/Shanghai',
    });
    const page = await context.newPage();
    page.on('console', (message) => { if (['error', 'warning'].includes(message.type()) && !page.url().endsWith('/login')) console.log(width, page.url(), message.text()); });
    page.on('pageerror', (error) => console.log(width, page.url(), String(error)));
    const shot = (name) => page.screenshot({ path: `${out}/${name}-${width}-${language}${theme === 'dark' ? '-dark' : ''}.png`, animations: 'disabled' });
    const wanted = (name) => !only.length || only.includes(name);
    await page.goto(`${base}/login`);
    await page.waitForSelector('form');
    if (wanted('login')) await shot('login');
    await page.fill('input[autocomplete=username]', user);
    await page.fill('input[autocomplete=current-password]', password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('input[autocomplete=one-time-code]');
    if (wanted('login')) await shot('login-code');
    await page.fill('input[autocomplete=one-time-code]', code);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.shell');
    for (const [name, path] of Object.entries(pages)) {
      if (!wanted(name)) continue;
      await page.goto(base + path);
      await page.waitForSelector('#main');
      await page.waitForTimeout(900);
      await shot(name);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) console.log(`${name} ${width}: ${wide} px too wide`);
    }
    if (wanted('import-rows')) {
      await page.goto(`${base}/import`);
      await page.setInputFiles('input[type=file]', new URL('../../schema/sample-park/park.csv', import.meta.url).pathname);
      await page.waitForSelector('.data__table tbody tr');
      await page.waitForTimeout(600);
      await shot('import-rows');
    }
    if (wanted('user-new')) {
      await page.goto(`${base}/users`);
      await page.click('.pw-page__head .el-button--primary');
      await page.waitForTimeout(500);
      await shot('user-new');
    }
    if (wanted('search')) {
      await page.keyboard.press('Control+k');
      await page.waitForSelector('.search input');
      await page.keyboard.type('KF');
      await page.waitForTimeout(700);
      await shot('search');
    }
    await context.close();
  }
}
await browser.close();
