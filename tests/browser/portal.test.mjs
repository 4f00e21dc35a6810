// The portal in Debian's Chromium: log in, find a unit, trip it, see it proved; at a desk and with one thumb, in both languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base, demo, desk, find, fits, logIn, meters, newPage, open, order, phone, picture, proved, speak, userOf } from './portal.mjs';

let browser;
before(async () => {
  browser = await open();
});
after(() => browser.close());

const ordinary = (row) => row.state === 'closed' && !row.protected && !row.close_by_hand && !row.frozen && row.level < 3 && row.unit_number !== '';
const taken = new Set();

/** A unit of the park that no other test of this run switches. */
async function freeUnit(page, fits_test = ordinary) {
  const row = (await meters(page)).find((one) => fits_test(one) && !taken.has(one.id));
  assert.ok(row, 'the park has a unit for this test');
  taken.add(row.id);
  return row;
}

async function closeWindow(page) {
  await page.locator('.el-dialog__footer button').first().click();
  await page.locator('.pw-order').waitFor({ state: 'detached' });
}

for (const [device, viewport] of Object.entries({ desk, phone })) {
  for (const locale of ['zh-CN', 'en']) {
    test(`trip and close with proof, ${device}, ${locale}`, { timeout: 120_000 }, async () => {
      const page = await newPage(browser, viewport, locale);
      await logIn(page, userOf('engineer'));
      await speak(page, locale);
      const unit = await freeUnit(page);
      await find(page, unit.unit_number);
      assert.match(await page.locator('.pw-meter h1').innerText(), new RegExp(unit.unit_number));
      await picture(page, `meter-${device}-${locale}`);
      await order(page, 'trip', unit.unit_number, locale === 'en' ? 'Browser test' : '\u6d4f\u89c8\u5668\u6d4b\u8bd5');
      await proved(page);
      await picture(page, `trip-proved-${device}-${locale}`);
      await closeWindow(page);
      await page.locator('.pw-meter .pw-page__head .pw-state--tripped').waitFor({ timeout: 15_000 });
      assert.ok((await fits(page)) <= 0, 'nothing sticks out to the right');
      await order(page, 'close', unit.unit_number, 'test over');
      await proved(page);
      await closeWindow(page);
      await page.locator('.pw-meter .pw-page__head .pw-state--closed').waitFor({ timeout: 15_000 });
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}

test('a wrong password and an unknown user get the same sentence', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  const said = [];
  for (const name of [userOf('auditor').name, 'nobody-here']) {
    await page.goto(`${base}/login`);
    await page.fill('input[autocomplete=username]', name);
    await page.fill('input[autocomplete=current-password]', 'not the password');
    await page.keyboard.press('Enter');
    said.push(await page.locator('[role=alert]').first().innerText());
  }
  assert.equal(said[0], said[1]);
  await picture(page, 'login-refused');
  await page.context().close();
});

test('a trip needs the unit number typed', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('engineer'));
  const unit = await freeUnit(page);
  await page.goto(`${base}/meters/${unit.id}`);
  await page.locator('[data-test=order-trip]').click();
  await page.locator('.pw-order input[name=reason]').fill('test');
  assert.ok(await page.locator('[data-test=order-send]').isDisabled());
  await page.locator('.pw-order input[name=unit_number]').fill(`${unit.unit_number}x`);
  assert.ok(await page.locator('[data-test=order-send]').isDisabled());
  await page.locator('.pw-order input[name=unit_number]').fill(unit.unit_number);
  assert.ok(await page.locator('[data-test=order-send]').isEnabled());
  await page.context().close();
});

test('a lock-out holds against every button, and only its holder lifts it at once', { timeout: 120_000 }, async () => {
  const page = await newPage(browser, phone, 'zh-CN');
  await logIn(page, userOf('engineer'));
  const unit = await freeUnit(page);
  await page.goto(`${base}/meters/${unit.id}`);
  await page.locator('[data-test=lock-out]').click();
  await page.locator('.el-dialog input[name=reason]').fill('breaker change');
  await page.locator('.el-dialog input[name=unit_number]').fill(unit.unit_number);
  await page.locator('[data-test=lock-out-send]').click();
  await proved(page);
  await picture(page, 'lock-out-phone');
  await page.locator('.el-dialog__footer button').first().click();
  await page.locator('.pw-meter .pw-page__head .pw-state--locked-out').waitFor({ timeout: 15_000 });
  for (const kind of ['close', 'keep_on', 'release']) {
    assert.ok(await page.locator(`[data-test=order-${kind}]`).isDisabled(), `${kind} is off`);
  }
  const other = await newPage(browser, desk, 'zh-CN');
  await logIn(other, userOf('administrator'));
  await other.goto(`${base}/meters/${unit.id}`);
  await other.locator('[data-test=order-close]').waitFor();
  assert.ok(await other.locator('[data-test=order-close]').isDisabled(), 'the administrator cannot close it either');
  await other.context().close();
  await page.goto(`${base}/lock-outs`);
  await page.locator('li', { hasText: unit.unit_number }).locator('button').click();
  await page.locator('.el-dialog input[name=reason]').fill('done');
  await page.locator('[data-test=lift-send]').click();
  await page.locator('.el-dialog').waitFor({ state: 'detached' });
  await page.goto(`${base}/meters/${unit.id}`);
  await order(page, 'close', unit.unit_number, 'work finished');
  await proved(page);
  await page.context().close();
});

test('tripping a protected supply waits for a second person', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('engineer'));
  const unit = await freeUnit(page, (row) => row.protected && row.state === 'closed' && !row.close_by_hand);
  await page.goto(`${base}/meters/${unit.id}`);
  await order(page, 'trip', unit.unit_number, 'fire pump test');
  await page.locator('.pw-order .el-result').waitFor();
  await picture(page, 'second-person');
  const now = (await meters(page)).find((row) => row.id === unit.id);
  assert.equal(now.state, 'closed');
  assert.equal(now.pending_command, null);
  await page.context().close();
});

test('the auditor sees everything and has no buttons', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('auditor'));
  const [first] = await meters(page);
  await page.goto(`${base}/meters/${first.id}`);
  await page.waitForSelector('.pw-meter h1');
  assert.equal(await page.locator('[data-test^=order-]').count(), 0);
  await page.goto(`${base}/audit`);
  await page.locator('table tbody tr').first().waitFor();
  await picture(page, 'audit');
  await page.context().close();
});

test('the monitor shows the whole park, filters it, and the view is in the address bar', async () => {
  const page = await newPage(browser, { width: 1920, height: 1080 }, 'zh-CN');
  await logIn(page, userOf('engineer'));
  await page.goto(`${base}/monitor`);
  await page.locator('.pw-unit-card').first().waitFor();
  assert.equal(await page.locator('.pw-unit-card').count(), (await meters(page)).length);
  await picture(page, 'monitor');
  await page.locator('input[name=q]').fill('1F-1');
  await page.waitForURL(/q=1F-1/);
  const shown = await page.locator('.pw-unit-card strong').allInnerTexts();
  assert.ok(shown.length > 0 && shown.every((text) => text.includes('1F-1')));
  await page.goto(`${base}/monitor?view=table&sort=-power_w`);
  await page.locator('.pw-table tbody tr').first().waitFor();
  await picture(page, 'monitor-table');
  await page.locator('.pw-table tbody tr').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.pw-meter h1');
  await page.context().close();
});

for (const [name, path] of [['overview', '/overview'], ['tasks', '/tasks'], ['lines', '/lines'], ['lock-outs', '/lock-outs'], ['alarms', '/alarms']]) {
  test(`page ${name} at 390, 1366 and 1920 px`, async () => {
    for (const viewport of [phone, desk, { width: 1920, height: 1080 }]) {
      const page = await newPage(browser, viewport, 'zh-CN');
      await logIn(page, userOf('engineer'));
      await page.goto(base + path);
      await page.waitForSelector('#main h1');
      await page.waitForSelector('.pw-view[aria-busy=false]');
      await picture(page, `${name}-${viewport.width}`);
      assert.ok((await fits(page)) <= 0, `${name} fits ${viewport.width} px`);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
  });
}

test('the header shows the field alive', async () => {
  const page = await newPage(browser, desk, 'en');
  await logIn(page, userOf('engineer'));
  const status = await page.evaluate(async () => (await fetch('/api/v1/staff/status')).json());
  assert.equal(status.database, 'ok');
  assert.equal(status.field, 'ok');
  assert.equal(status.meters_total, 375);
  assert.ok(demo.field, 'demo.json names the field');
  await page.context().close();
});
