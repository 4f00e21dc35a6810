// The counter in the portal: an account is opened, power is sold by keyboard alone, the meter has it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base, desk, fits, freshCode, logIn, meters, newPage, open, phone, picture, userOf } from './portal.mjs';

let browser;
before(async () => {
  browser = await open();
});
after(() => browser.close());

const get = (page, path) => page.evaluate(async (at) => (await fetch(`/api/v1/staff${at}`)).json(), path);
const taken = new Set();

/** A supply without an account whose meter answers, holds little and may be written. */
async function freeSupply(page) {
  const rows = new Map((await meters(page)).map((row) => [row.supply_id, row]));
  const free = (await get(page, '/supplies?free=true&limit=200')).items;
  const one = free.find((supply) => {
    const row = rows.get(supply.supply_id);
    const fits_test = row && !row.protected && !row.close_by_hand && row.state === 'closed' && !row.read_only;
    return fits_test && supply.shop_name && !supply.stale && supply.balance_fen > 0 && supply.balance_fen < 300_000 && !taken.has(supply.supply_id);
  });
  assert.ok(one, 'the park has a supply for this test');
  taken.add(one.supply_id);
  return one;
}

/** Opens an account on the page /accounts/new; returns its id. */
async function openAccount(page, supply) {
  await page.goto(`${base}/accounts/new`);
  await page.locator('input[name=supply]').fill(supply.unit_number);
  await page.locator('.find__row', { hasText: supply.meter_number }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.chosen li').waitFor();
  assert.equal(await page.locator('input[name=name]').inputValue(), supply.shop_name, 'the shop names the account');
  await page.locator('input[name=contact]').fill('Li Li');
  await page.locator('input[name=phone]').fill('13800138000');
  await page.locator('[data-test=open]').click();
  await page.waitForURL(/\/accounts\/\d+$/);
  await page.locator('.pw-page__head .pw-state--closed').waitFor();
  return Number(page.url().split('/').at(-1));
}

/** The first three steps of a sale, hands on the keys. */
async function sellByKeys(page, supply, yuan) {
  await page.goto(`${base}/sell`);
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'supply');
  await page.keyboard.type(supply.unit_number);
  await page.locator('.find__row', { hasText: supply.meter_number }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'amount');
  await page.keyboard.type(yuan);
  await page.locator('.quote dl').waitFor();
  await picture(page, 'sell-quote');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.dataset.test === 'sell-confirm' || document.activeElement?.type === 'checkbox');
  await picture(page, 'sell-confirm');
  await page.keyboard.press('Enter');
}

test('an account is opened, power is sold by keyboard alone and proved in the meter', { timeout: 180_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  const supply = await freeSupply(page);
  const account_id = await openAccount(page, supply);
  await picture(page, 'account');
  const before = (await meters(page)).find((row) => row.supply_id === supply.supply_id);
  await sellByKeys(page, supply, '200');
  await page.locator('.done [data-step=paid][data-done]').waitFor();
  await page.locator('.done [data-step=confirmed][data-done]').waitFor({ timeout: 60_000 });
  await picture(page, 'sell-delivered');
  const [purchase] = (await get(page, `/purchases?account_id=${account_id}`)).items;
  assert.equal(purchase.state, 'delivered');
  assert.equal(purchase.amount_fen, 20_000);
  const after_sale = (await meters(page)).find((row) => row.supply_id === supply.supply_id);
  assert.equal(after_sale.purchase_count, before.purchase_count + 1);
  await page.goto(`${base}/purchases/${purchase.id}`);
  await page.locator('.way [data-step=confirmed][data-done]').waitFor();
  await picture(page, 'purchase');
  assert.ok((await fits(page)) <= 0);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('the account page with one thumb', { timeout: 120_000 }, async () => {
  const desk_page = await newPage(browser, desk, 'zh-CN');
  await logIn(desk_page, userOf('finance'));
  const account_id = await openAccount(desk_page, await freeSupply(desk_page));
  await desk_page.context().close();
  const page = await newPage(browser, phone, 'zh-CN');
  await logIn(page, userOf('engineer'));
  await page.goto(`${base}/accounts/${account_id}`);
  await page.locator('.pw-tile').first().waitFor();
  await picture(page, 'account-390');
  for (const tab of ['supplies', 'purchases', 'ledger', 'commands', 'contacts']) {
    await page.goto(`${base}/accounts/${account_id}?tab=${tab}`);
    await page.locator('.account__tabs').first().waitFor();
    await page.waitForSelector('.pw-view[aria-busy=false]');
    assert.ok((await fits(page)) <= 0, `${tab} fits 390 px`);
  }
  await page.locator('.people').waitFor();
  assert.match(await page.locator('.people').innerText(), /8000/);
  assert.doesNotMatch(await page.locator('.people').innerText(), /13800138000/, 'an engineer sees the last four digits');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('money back: asked on the purchase, agreed by a second person, out of the meter, paid at the counter', { timeout: 240_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  const supply = await freeSupply(page);
  const account_id = await openAccount(page, supply);
  await sellByKeys(page, supply, '50');
  await page.locator('.done [data-step=confirmed][data-done]').waitFor({ timeout: 60_000 });
  const [purchase] = (await get(page, `/purchases?account_id=${account_id}`)).items;
  await page.goto(`${base}/purchases/${purchase.id}`);
  await page.locator('[data-test=money-back]').click();
  await page.locator('.el-dropdown-menu__item:visible').first().click();
  const dialog = page.locator('.el-dialog:visible');
  await dialog.locator('input[name=amount]').fill('20');
  const reason = `shop closes early ${Date.now()}`;
  await dialog.locator('textarea').fill(reason);
  await dialog.locator('button[type=submit]').click();
  await page.waitForURL(/\/approvals$/);
  const own = page.locator('article', { hasText: reason });
  await own.waitFor();
  assert.equal(await own.locator('button').count(), 0, 'nobody approves what he asked for');
  const second = await newPage(browser, phone, 'zh-CN');
  await logIn(second, userOf('administrator'));
  await second.goto(`${base}/approvals`);
  const card = second.locator('article', { hasText: reason });
  await card.waitFor();
  assert.match(await card.innerText(), /20\.00/);
  await card.locator('.change').waitFor();
  await picture(second, 'approval-refund-390');
  assert.equal(await card.locator('button').count(), 2);
  const checker = userOf('administrator');
  await card.locator('button').last().click();
  const window_ = second.locator('.el-dialog:visible');
  await window_.locator('textarea').fill('figures are right');
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = second.waitForResponse((one) => one.url().endsWith('/decision'));
    await window_.locator('input[autocomplete=one-time-code]').fill(await freshCode(checker));
    await window_.locator('button[type=submit]').click();
    if ((await answer).ok()) break;
  }
  // The meter is tripped, written and read back; then the counter pays.
  await page.goto(`${base}/waiting`);
  const paid_out = page.locator('[data-kind=adjustment_to_pay]', { hasText: supply.unit_number });
  await paid_out.waitFor({ timeout: 60_000 });
  await picture(page, 'waiting');
  await paid_out.locator('[data-test=waiting-refund]').click();
  const back_on = page.locator('.el-dialog:visible');
  await back_on.locator('.el-select', { hasText: '50.00' }).waitFor();
  await back_on.locator('button[type=submit]').click();
  const at_counter = page.locator('[data-kind=refund_to_pay]', { hasText: supply.unit_number });
  await at_counter.waitFor({ timeout: 20_000 });
  await at_counter.locator('[data-test=waiting-pay]').click();
  await page.locator('.el-dialog:visible button[type=submit]').click();
  await at_counter.waitFor({ state: 'detached', timeout: 20_000 });
  await page.goto(`${base}/money-out?tab=refunds`);
  await page.locator('tbody tr', { hasText: supply.unit_number }).locator('.pw-state--closed').waitFor();
  await picture(page, 'money-out');
  assert.deepEqual([...page.faults, ...second.faults], []);
  await second.context().close();
  await page.context().close();
});

test('a tariff with steps and rates is written beside its sample bill', { timeout: 60_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  await page.goto(`${base}/tariffs`);
  await page.locator('[data-test=tariff-new]').click();
  const name = `Test ${Date.now()}`;
  await page.locator('.el-dialog:visible input[name=name]').fill(name);
  await page.locator('.el-dialog:visible input[name=code]').fill(`T${Date.now()}`);
  await page.locator('.el-dialog:visible button[type=submit]').click();
  await page.waitForURL(/\/edit$/);
  await page.locator('.bill').waitFor();
  await page.locator('.el-select').first().click();
  await page.locator('.el-select-dropdown__item:visible').nth(3).click();
  await page.locator('input[name=price_flat]').fill('0.7120');
  await page.locator('input[name=price_peak]').fill('1.0580');
  await page.locator('input[name=price_valley]').fill('0.3860');
  await page.locator('input[name=step_1]').fill('500');
  await page.locator('input[name=surcharge_1]').fill('0.05');
  await page.locator('input[name=reason]').fill('test');
  await page.locator('.bill__lines tfoot').waitFor();
  await picture(page, 'tariff-edit');
  await page.locator('[data-test=version-save]').click();
  await page.waitForURL(/\/tariffs\/\d+$/);
  await page.locator('.versions article').waitFor();
  await picture(page, 'tariff');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('meters in service are taken over from a sheet, differences accepted one by one, and undone', { timeout: 120_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  const [fits_sheet, other_balance, other_count] = [await freeSupply(page), await freeSupply(page), await freeSupply(page)];
  const line = (supply, more_fen, more_count) =>
    [supply.unit_number, supply.shop_name, 'Li Li', '13800138000', supply.meter_number, ((supply.balance_fen + more_fen) / 100).toFixed(2), supply.purchase_count + more_count, '', ''].join(',');
  const csv = `unit,shop,contact,phone,meter,balance,count,tariff,alarm\n${line(fits_sheet, 0, 0)}\n${line(other_balance, 50_000, 0)}\n${line(other_count, 0, 3)}\n`;
  await page.goto(`${base}/take-over`);
  await page.setInputFiles('input[type=file]', { name: 'sheet.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.waitForURL(/\/take-over\/\d+$/);
  const row = (supply) => page.locator('tbody tr', { hasText: supply.unit_number });
  await row(other_balance).locator('.pw-state--level-2').waitFor();
  await row(other_count).locator('.pw-state--level-2').waitFor();
  await picture(page, 'take-over');
  await row(other_balance).locator('.el-checkbox').click();
  // The second reading must be younger than the check.
  await page.waitForTimeout(9_000);
  await page.locator('[data-test=take-over-commit]').click();
  await page.locator('[data-test=take-over-send]').click();
  await page.locator('[data-test=take-over-undo]').waitFor({ timeout: 30_000 });
  await row(fits_sheet).locator('a[href*="/accounts/"]').waitFor();
  await row(other_balance).locator('a[href*="/accounts/"]').waitFor();
  assert.equal(await row(other_count).locator('a[href*="/accounts/"]').count(), 0, 'a difference nobody accepted stays on its list');
  await picture(page, 'take-over-done');
  await page.locator('[data-test=take-over-undo]').click();
  await page.locator('.el-dialog:visible textarea').fill('only a test');
  await page.locator('.el-dialog:visible button[type=submit]').click();
  await page.locator('[data-test=take-over-undo]').waitFor({ state: 'detached' });
  const free = (await get(page, `/supplies?free=true&limit=200`)).items.map((one) => one.supply_id);
  assert.ok(free.includes(fits_sheet.supply_id));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('accounts are prepared in bulk and opened with one click', { timeout: 120_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  const wanted = [await freeSupply(page), await freeSupply(page), await freeSupply(page)];
  // The park has hundreds; this test takes three of them.
  await page.route('**/staff/supplies?free=true*', (route) => route.fulfill({ json: { items: wanted } }));
  await page.goto(`${base}/accounts/new?tab=many`);
  await page.locator('tbody tr').nth(2).waitFor();
  await picture(page, 'open-many');
  await page.locator('[data-test=prepare-many]').click();
  await page.waitForURL(/state=prepared/);
  for (const supply of wanted) await page.locator('tbody tr', { hasText: supply.unit_number }).first().waitFor();
  await picture(page, 'prepared');
  await page.locator('[data-test=open-all]').click();
  await page.locator('[data-test=open-all]').waitFor({ state: 'detached', timeout: 60_000 });
  const rows = (await get(page, '/accounts?state=open&limit=200')).items;
  for (const supply of wanted) assert.ok(rows.some((row) => row.name === supply.shop_name && row.units.includes(supply.unit_number)));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('the proofs hold, each told as a sentence', { timeout: 120_000 }, async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('auditor'));
  await page.goto(`${base}/checks`);
  await page.locator('[data-check]').first().waitFor({ timeout: 90_000 });
  assert.equal(await page.locator('[data-check=broken]').count(), 0);
  assert.ok((await page.locator('[data-check=ok]').count()) > 20);
  await picture(page, 'checks');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('an amount that may not be sold is refused with the reason', async () => {
  const page = await newPage(browser, desk, 'zh-CN');
  await logIn(page, userOf('finance'));
  const supply = await freeSupply(page);
  await page.goto(`${base}/sell?supply=${supply.supply_id}&q=${encodeURIComponent(supply.unit_number)}`);
  await page.locator('input[name=amount]').fill('100');
  await page.locator('.quote__no').waitFor();
  assert.ok(await page.locator('[data-test=sell-next]').isDisabled(), 'nobody has an account there');
  await page.locator('input[name=amount]').fill('12.345');
  await page.keyboard.press('Enter');
  await page.locator('.line__error').waitFor();
  await picture(page, 'sell-refused');
  await page.context().close();
});
