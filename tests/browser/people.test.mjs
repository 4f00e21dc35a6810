// What people do with each other in the portal: a second person approves, a file is imported, a new colleague begins.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { base, demo, desk, fits, freshCode, logIn, meters, newPage, open, order, phone, picture, totp, userOf } from './portal.mjs';

const park_csv = fileURLToPath(new URL('../../schema/sample-park/park.csv', import.meta.url));
let browser;
before(async () => {
  browser = await open();
});
after(() => browser.close());

const manager = () => demo.users.find((one) => one.name === 'manager') ?? userOf('administrator');
const mark = () => randomBytes(4).toString('hex');

/** The park as this demo has it: its gateways hang in a loopback net of their own; its units have other names since shops were let. */
function samePark() {
  const hosts = new Map(demo.field.gateways.map((one) => [one.code, one.host]));
  return readFileSync(park_csv, 'utf8').replace(/^(gateway,(\w+),.*?)127\.\d+\.\d+\.\d+/gm, (_all, head, code) => head + hosts.get(code)).replace(/^unit,.*\n/gm, '');
}

async function state(page, id, wanted) {
  for (let tries = 0; tries < 60; tries += 1) {
    const row = (await meters(page)).find((one) => one.id === id);
    if (wanted(row)) return row;
    await page.waitForTimeout(500);
  }
  throw new Error(`meter ${id} did not get there`);
}

/** The decision window asks for a reason and a fresh code. */
async function decide(page, user, card, button) {
  await card.locator('button', { hasText: button }).click();
  const dialog = page.locator('.el-dialog:visible');
  await dialog.locator('textarea').fill('seen on site');
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = page.waitForResponse((one) => one.url().endsWith('/decision'));
    await dialog.locator('input[autocomplete=one-time-code]').fill(await freshCode(user));
    await dialog.locator('button[type=submit]').click();
    if ((await answer).ok()) {
      await dialog.waitFor({ state: 'hidden' });
      return;
    }
  }
  throw new Error('the decision was not taken');
}

test('a protected supply trips only after a second person approved', { timeout: 240_000 }, async () => {
  const asking = await newPage(browser, desk, 'zh-CN');
  await logIn(asking, userOf('engineer'));
  const fitting = (row) => row.protected && row.state === 'closed' && !row.close_by_hand && !row.frozen && row.pending_command === null;
  const unit = (await meters(asking)).filter(fitting).at(-1);
  assert.ok(unit, 'the park has a protected supply');
  const reason = `pump test ${mark()}`;
  await asking.goto(`${base}/meters/${unit.id}`);
  await order(asking, 'trip', unit.unit_number, reason);
  await asking.locator('.pw-order .el-result').waitFor();
  await asking.goto(`${base}/approvals`);
  const own = asking.locator('article', { hasText: reason });
  await own.waitFor();
  assert.equal(await own.locator('button').count(), 0, 'nobody approves what he asked for');

  const deciding = await newPage(browser, phone, 'zh-CN');
  const second = manager();
  await logIn(deciding, second);
  await deciding.goto(`${base}/approvals`);
  const card = deciding.locator('article', { hasText: reason });
  await card.waitFor();
  assert.match(await card.innerText(), new RegExp(unit.unit_number));
  await picture(deciding, 'approval-card-390');
  await decide(deciding, second, card, /\u901a\u8fc7/);
  await state(deciding, unit.id, (row) => row.state === 'tripped');
  await deciding.goto(`${base}/meters/${unit.id}`);
  await deciding.locator('.pw-meter .pw-page__head .pw-state--tripped').waitFor();
  await picture(deciding, 'approval-tripped-390');
  await deciding.locator('[data-test=order-close]').click();
  await deciding.locator('.pw-order input[name=reason]').fill('test over');
  await deciding.locator('[data-test=order-send]').click();
  await state(deciding, unit.id, (row) => row.state === 'closed');
  assert.deepEqual([...asking.faults, ...deciding.faults], []);
  await asking.context().close();
  await deciding.context().close();
});

test('the same park again is no change; a new file is tried, committed and undone', { timeout: 120_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('administrator'));
  await page.goto(`${base}/import`);
  await page.setInputFiles('input[type=file]', { name: 'park.csv', mimeType: 'text/csv', buffer: Buffer.from(samePark()) });
  await page.waitForURL(/\/import\/\d+$/, { timeout: 60_000 });
  await page.locator('tbody tr').first().waitFor();
  const commit = page.locator('.pw-page__head .el-button--primary');
  assert.ok(await commit.isDisabled(), 'nothing new: nothing to commit');
  await picture(page, 'import-same');

  const code = `ZT${mark()}`;
  const csv = `#building,code,name,name_en\nbuilding,${code},Test house ${code},Test house\n`;
  await page.goto(`${base}/import`);
  await page.setInputFiles('input[type=file]', { name: 'one-house.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.waitForURL(/\/import\/\d+$/);
  await page.locator('tbody tr', { hasText: code }).waitFor();
  await commit.click();
  await page.locator('.el-dialog:visible .el-button--primary').click();
  await page.locator('.pw-page__head .el-button--danger').waitFor();
  const houses = () => page.evaluate(async () => (await (await fetch('/api/v1/staff/tree')).json()).buildings.map((one) => one.code));
  assert.ok((await houses()).includes(code));
  await page.locator('.pw-page__head .el-button--danger').click();
  await page.locator('.el-dialog:visible textarea').fill('only a test');
  await page.locator('.el-dialog:visible button[type=submit]').click();
  await page.locator('.pw-page__head .el-button--danger').waitFor({ state: 'detached' });
  assert.ok(!(await houses()).includes(code));
  await picture(page, 'import-undone');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a broken row is told with its line, and nothing can be committed', async () => {
  const page = await newPage(browser, phone, 'zh-CN');
  await logIn(page, userOf('administrator'));
  await page.goto(`${base}/import`);
  const csv = '#unit,number,building,floor,trade,state,shop_name,area_m2\nunit,X-1,NO-SUCH-HOUSE,B1,,,,-3\n';
  await page.setInputFiles('input[type=file]', { name: 'broken.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.waitForURL(/\/import\/\d+$/);
  await page.locator('tbody tr', { hasText: 'X-1' }).waitFor();
  assert.ok(await page.locator('.pw-page__head .el-button--primary').isDisabled());
  await picture(page, 'import-broken-390');
  assert.ok((await fits(page)) <= 0);
  await page.context().close();
});

test('a new colleague: made by the administrator, own password, own second factor', { timeout: 180_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('administrator'));
  await page.goto(`${base}/users`);
  await page.locator('tbody tr', { hasText: userOf('auditor').name }).waitFor();
  await picture(page, 'users');
  const name = `t${mark()}`;
  await page.locator('.pw-page__head .el-button--primary').click();
  const dialog = page.locator('.el-dialog:visible');
  await dialog.locator('input').nth(0).fill('New Colleague');
  await dialog.locator('input').nth(1).fill(name);
  const password = await dialog.locator('input').last().inputValue();
  await dialog.locator('button[type=submit]').click();
  await page.locator('tbody tr', { hasText: name }).waitFor();

  const other = await newPage(browser, phone, 'zh-CN');
  await other.goto(`${base}/`);
  await other.fill('input[autocomplete=username]', name);
  await other.fill('input[autocomplete=current-password]', password);
  await other.keyboard.press('Enter');
  const own = `Correct horse ${mark()}`;
  await other.locator('input[autocomplete=new-password]').first().waitFor();
  await other.fill('input[autocomplete=current-password]', password);
  for (const field of await other.locator('input[autocomplete=new-password]').all()) await field.fill(own);
  await other.keyboard.press('Enter');
  const shown = other.locator('.scan__secret');
  await shown.waitFor();
  await picture(other, 'enrol-390');
  const secret = (await shown.innerText()).replace(/\s/g, '');
  await other.fill('input[autocomplete=one-time-code]', totp(secret, Math.floor(Date.now() / 30_000)));
  await other.keyboard.press('Enter');
  await other.locator('.codes li').first().waitFor();
  assert.equal(await other.locator('.codes li').count(), 10);
  await picture(other, 'enrol-codes-390');
  await other.locator('.el-checkbox').click();
  await other.locator('.go').click();
  await other.waitForSelector('.shell');

  await page.reload();
  const row = page.locator('tbody tr', { hasText: name });
  await row.locator('.data__tools button').click();
  await page.locator('.el-dropdown-menu__item:visible').last().click();
  await page.locator('.el-dialog:visible textarea').fill('test over');
  await page.locator('.el-dialog:visible button[type=submit]').click();
  await row.locator('.pw-state--outline').waitFor();
  await other.goto(`${base}/tasks`);
  await other.waitForSelector('input[autocomplete=username]');
  assert.deepEqual([...page.faults, ...other.faults], []);
  await page.context().close();
  await other.context().close();
});

test('Ctrl+K finds a shop by the initials of its pinyin', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('engineer'));
  const shop = (await meters(page)).find((row) => row.unit_number && /^[a-z]{3,}$/.test(row.shop_pinyin));
  await page.goto(`${base}/monitor`);
  await page.waitForSelector('#main h1');
  await page.keyboard.press('Control+k');
  await page.locator('.search input').fill(shop.shop_pinyin.toUpperCase());
  await page.locator('.search .hit', { hasText: shop.shop_name }).first().waitFor();
  await picture(page, 'search-pinyin');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.pw-meter h1');
  assert.match(await page.locator('.pw-meter h1').innerText(), new RegExp(shop.shop_name.slice(0, 2)));
  await page.context().close();
});

test('the audit log proves itself', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('auditor'));
  await page.goto(`${base}/audit`);
  await page.locator('table tbody tr').first().waitFor();
  await page.locator('[data-test=audit-verify]').click();
  await page.locator('[data-test=audit-proof].proof--ok').waitFor({ timeout: 20_000 });
  await picture(page, 'audit-verified');
  await page.context().close();
});
