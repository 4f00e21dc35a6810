// The phone site in Chromium in front of the mock API: what a page does with each answer, without the stack.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { mockStart } from './mock.mjs';
import { faultsOf } from './phone_pages.mjs';

const phone_agent = 'Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36';
const wechat_agent = `${phone_agent} MicroMessenger/8.0.40`;
const desk_agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36';
const owner = '13800000001';
const pictures = process.env.PW_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

let browser;
let base;
let stop;
before(async () => ({ browser, base, stop } = await mockStart('vite.phone.config.ts', '/m')));
after(() => stop?.());

async function newPage({ width = 390, agent = phone_agent, locale = 'zh-CN', scheme = 'light' } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    userAgent: agent,
    locale,
    colorScheme: scheme,
    hasTouch: true,
    isMobile: agent !== desk_agent,
    deviceScaleFactor: 2,
    reducedMotion: 'reduce',
    timezoneId: 'Asia/Shanghai',
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => message.text().includes('Content Security Policy') && page.faults.push(message.text()));
  return page;
}
async function logIn(page, number = owner, path = '/') {
  await page.goto(base + path);
  await page.fill('input[name=phone]', number);
  await page.fill('input[name=password]', 'paywatt-demo');
  await page.click('[data-test=log-in]');
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
}
async function look(page, name) {
  if (pictures)
    await page.screenshot({
      path: `${pictures}/${name}.png`,
      fullPage: true,
      animations: 'disabled',
    });
}
async function done(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}
const at = (page, name) => page.locator(`[data-test=${name}]`);
const said = (page) => at(page, 'sentence').innerText();
const alert = (page) => page.locator('[role=alert] p').first().innerText();
/** What a provider, a poller or a clerk does to a purchase. */
const become = (page, id, facts) =>
  page.evaluate(
    ([n, body]) =>
      fetch(`/api/v1/tenant/mock/purchases/${n}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }).then(() => undefined),
    [id, facts],
  );
const idOf = (page) => Number(/orders\/(\d+)/.exec(page.url())[1]);

async function order(page, channel, amount = '100.00') {
  await page.goto(`${base}/buy`);
  await at(page, 'tile').filter({ hasText: amount }).first().click();
  await at(page, 'way').filter({ hasText: channel }).click();
  await at(page, 'quote').waitFor();
  await at(page, 'pay').click();
  await page.waitForURL(/orders\/\d+|mock\/pay|back/);
}

test('log-in: a wrong password says one sentence, the right one shows the balance', async () => {
  const page = await newPage();
  await page.goto(`${base}/usage`);
  await page.fill('input[name=phone]', owner);
  await page.fill('input[name=password]', 'something-else');
  await page.click('[data-test=log-in]');
  assert.match(await alert(page), /手机号、密码或验证码不正确/);
  await page.fill('input[name=password]', 'paywatt-demo');
  await page.click('[data-test=log-in]');
  await page.waitForURL(/\/m\/usage$/);
  await page.goto(`${base}/`);
  assert.match(await at(page, 'balance').innerText(), /187\.60\s*元/);
  assert.match(await at(page, 'days').innerText(), /4\.7 天/);
  assert.match(await at(page, 'power').innerText(), /通电/);
  await done(page);
});

test('log-in by code: the button counts down, a code from the counter binds a new phone', async () => {
  const page = await newPage();
  await page.goto(`${base}/login`);
  await page.check('input[value=code]', { force: true });
  await page.fill('input[name=phone]', '13900000009');
  await page.check('input[name=with_counter]');
  await page.fill('input[name=counter_code]', 'abcd-2345');
  const asked = page.waitForRequest('**/session/code');
  await at(page, 'ask-code').click();
  assert.deepEqual((await asked).postDataJSON(), {
    phone: '13900000009',
    locale: 'zh-CN',
    counter_code: 'abcd-2345',
  });
  await at(page, 'ask-code')
    .filter({ hasText: /\d+ 秒后可重发/ })
    .waitFor();
  assert.equal(await at(page, 'ask-code').isDisabled(), true);
  await page.fill('input[name=code]', '123456');
  await page.click('[data-test=log-in]');
  await at(page, 'balance').waitFor();
  await done(page);
});

test('a password from the counter is changed before anything else, without typing it twice', async () => {
  const page = await newPage();
  await logIn(page, '13800000002', '/usage');
  await page.waitForURL(/\/password$/);
  await page.goto(`${base}/buy`);
  await page.waitForURL(/\/password$/);
  await page.fill('input[name=old_password]', 'paywatt-demo');
  await page.fill('input[name=new_password]', 'short');
  await page.fill('input[name=again]', 'short');
  await at(page, 'save').click();
  assert.match(await alert(page), /新密码太短/);
  await page.fill('input[name=new_password]', 'a-longer-secret');
  await page.fill('input[name=again]', 'a-longer-secret');
  await at(page, 'save').click();
  await at(page, 'balance').waitFor();
  await done(page);
});

test('shops are switched in a sheet that Escape closes; off, out of date and never read say what it means', async () => {
  const page = await newPage();
  await logIn(page);
  await at(page, 'switch').click();
  await page.locator('[role=dialog]').waitFor();
  assert.equal(await page.evaluate(() => document.getElementById('app').hasAttribute('inert')), true);
  await page.keyboard.press('Escape');
  await page.locator('[role=dialog]').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-test')), 'switch');
  const choose = async (n) => {
    await at(page, 'switch').click();
    await at(page, 'shop').nth(n).click();
    await page.locator('[role=dialog]').waitFor({ state: 'hidden' });
  };
  await choose(1);
  assert.match(await at(page, 'off').innerText(), /余额用完。购电到表后自动恢复/);
  assert.match(await at(page, 'balance').innerText(), /-12\.40/);
  await look(page, 'home-off');
  await choose(2);
  assert.match(await at(page, 'stale').innerText(), /已有 2 小时 \d+ 分钟未更新,不代表当前余额/);
  await look(page, 'home-stale');
  await choose(3);
  assert.match(await at(page, 'power').innerText(), /未读到/);
  await page.reload();
  assert.match(await at(page, 'power').innerText(), /未读到/, 'the shop is remembered');
  await done(page);
});

test('buying on a phone: redirect to the provider, back, into the meter, receipt', async () => {
  const page = await newPage();
  await logIn(page);
  await order(page, '支付宝');
  await at(page, 'step-writing').waitFor();
  assert.match(await said(page), /已收到付款 100\.00 元,正在写入电表\(通常 10 秒内\)。请不要重复付款/);
  await look(page, 'order-writing');
  await page.locator('[data-test=sentence].note--good').waitFor();
  assert.match(await said(page), /100\.00 元已到表/);
  assert.match(await at(page, 'receipt').innerText(), /预收款收据[\s\S]*非发票/);
  await look(page, 'order-done');
  await done(page);
});

test('a form of the provider is posted by itself once, and again by a tap', async () => {
  const page = await newPage();
  await logIn(page);
  const posted = page.waitForRequest((one) => one.url().includes('/mock/pay/') && one.method() === 'POST');
  await order(page, '银联');
  assert.match((await posted).postData(), /orderId=PW/);
  await page.locator('[data-test=sentence].note--good').waitFor();
  await done(page);
});

test('a desk shows a code; it can be called off, and nothing can be paid after that', async () => {
  const page = await newPage({ agent: desk_agent });
  await logIn(page);
  await order(page, '微信');
  await page.locator('.pw-qr').waitFor();
  assert.match(await page.locator('.pw-qr').getAttribute('aria-label'), /微信支付付款码,100\.00 元/);
  await look(page, 'order-qr');
  await at(page, 'call-off').click();
  await at(page, 'call-off-yes').click();
  await page.locator('[data-test=sentence]').filter({ hasText: '没有扣款' }).waitFor();
  assert.equal(await at(page, 'handover').count(), 0);
  await done(page);
});

test('inside WeChat only WeChat Pay is offered and its own sheet is opened; what it says proves nothing', async () => {
  const page = await newPage({ agent: wechat_agent });
  await page.addInitScript(() => {
    window.calls = [];
    window.WeixinJSBridge = {
      invoke: (act, parameters, answer) => {
        window.calls.push([act, parameters]);
        answer({ err_msg: 'get_brand_wcpay_request:ok' });
      },
    };
  });
  await logIn(page);
  await page.goto(`${base}/buy`);
  await at(page, 'way').first().waitFor();
  assert.equal(await at(page, 'way').count(), 1);
  await order(page, '微信');
  await page.waitForFunction(() => window.calls.length === 1);
  const [act, parameters] = await page.evaluate(() => window.calls[0]);
  assert.equal(act, 'getBrandWCPayRequest');
  assert.match(parameters.package, /^prepay_id=/);
  assert.match(await said(page), /等待付款/);
  await page.reload();
  await at(page, 'go').waitFor();
  assert.equal(await page.evaluate(() => window.calls.length), 0, 'coming back does not open it again');
  await done(page);
});

test('what goes wrong has its own sentence: not accepted, wrong amount, twice, going back, returned', async () => {
  const page = await newPage({ agent: desk_agent });
  await logIn(page);
  await order(page, '微信');
  const id = idOf(page);
  const paid_at = new Date().toISOString();
  const rows = [
    [{ state: 'failed' }, /没有受理,没有扣款/],
    [{ state: 'held', held_reason: 'wrong_amount', paid_at }, /与订单 100\.00 元不一致。款项已安全挂账,财务将在 1 个工作日内核实/],
    [{ state: 'held', held_reason: 'paid_twice' }, /付了两次/],
    [{ state: 'held', held_reason: null }, /正由工作人员核实。款项安全/],
    [{ state: 'refunding' }, /正在退回原付款渠道/],
    [{ state: 'refunded' }, /已退回原付款渠道/],
    [{ state: 'credited' }, /已记入您的账户/],
  ];
  for (const [facts, sentence] of rows) {
    await become(page, id, facts);
    await page.reload();
    await page.locator('[data-test=sentence]').filter({ hasText: sentence }).waitFor();
  }
  await done(page);
});

test('amounts: typed ones are checked, a warning is ticked before paying, a debt is named', async () => {
  const page = await newPage();
  await logIn(page);
  await page.goto(`${base}/buy`);
  await page.check('[data-test=other]', { force: true });
  for (const [typed, sentence] of [
    ['5', /最低购电 10\.00 元/],
    ['3000.01', /最多可购 3,000\.00 元/],
    ['12.345', /最多两位小数/],
  ]) {
    await page.fill('input[name=typed]', typed);
    assert.match(await page.locator('.field__more--wrong').innerText(), sentence);
    assert.equal(await at(page, 'pay').isDisabled(), true);
  }
  await page.fill('input[name=typed]', '66.5');
  await at(page, 'pay').filter({ hasText: '支付 66.50 元' }).waitFor();
  await page.goto(`${base}/`);
  await at(page, 'switch').click();
  await at(page, 'shop').nth(1).click();
  await at(page, 'buy').click();
  await at(page, 'quote')
    .filter({ hasText: /先抵扣欠款\s*− 12\.40/ })
    .waitFor();
  await look(page, 'buy-debt');
  await page.goto(`${base}/`);
  await at(page, 'switch').click();
  await at(page, 'shop').nth(2).click();
  await at(page, 'buy').click();
  await at(page, 'warnings').waitFor();
  assert.equal(await at(page, 'pay').isDisabled(), true);
  await page.check('input[name=seen]');
  const sent = page.waitForRequest((one) => one.url().endsWith('/purchases') && one.method() === 'POST');
  await at(page, 'pay').click();
  const request = await sent;
  assert.deepEqual(request.postDataJSON().warnings_seen, ['silent']);
  assert.match(request.headers()['idempotency-key'], /^[\da-f-]{36}$/);
  await done(page);
});

test('a lost answer keeps its key: paying again is the same order', async () => {
  const page = await newPage({ agent: desk_agent });
  await logIn(page);
  await page.goto(`${base}/buy`);
  await at(page, 'quote').waitFor();
  const keys = [];
  await page.route('**/tenant/purchases', (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    return keys.length === 1 ? route.abort() : route.continue();
  });
  await at(page, 'pay').click();
  assert.match(await alert(page), /无法连接网络/);
  await at(page, 'pay').click();
  await page.waitForURL(/orders\/\d+/);
  assert.equal(keys[0], keys[1]);
  await done(page);
});

test('without a network the last known balance stands with its sentence; log-out wipes it', async () => {
  const page = await newPage();
  await logIn(page);
  await at(page, 'balance').waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.reload();
  assert.match(await at(page, 'offline').innerText(), /当前无网络,显示的是 今天 \d\d:\d\d 的余额;付款需要联网。/);
  assert.match(await at(page, 'balance').innerText(), /187\.60/);
  await look(page, 'home-offline');
  await page.unroute('**/api/**');
  await page.reload();
  await at(page, 'balance').waitFor();
  await page.goto(`${base}/me`);
  await at(page, 'log-out').click();
  await page.waitForURL(/login/);
  const left = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('pw.phone.known') || key.startsWith('pw.phone.paying')));
  assert.deepEqual(left, []);
  await done(page);
});

test('usage by day, month and year with a day to check; purchases go on by cursor', async () => {
  const page = await newPage();
  await logIn(page);
  await page.goto(`${base}/usage`);
  await at(page, 'before').click();
  await at(page, 'usage').locator('a').first().waitFor();
  assert.match(await page.locator('.bars').getAttribute('aria-label'), /用电最多的是 \d{4}-\d\d-\d\d/);
  await at(page, 'usage').locator('a').first().click();
  assert.match(await at(page, 'stretch').innerText(), /起始表码[\s\S]*结束余额[\s\S]*电表扣费与电价一致/);
  await page.goto(`${base}/usage`);
  await page.check('input[value=month]', { force: true });
  await at(page, 'usage')
    .locator('.row')
    .filter({ hasText: /^\d{4}-\d\d/ })
    .first()
    .waitFor();
  await page.goto(`${base}/orders`);
  await at(page, 'orders').locator('a').nth(19).waitFor();
  await page.getByRole('button', { name: '更多' }).click();
  await at(page, 'orders').locator('a').nth(20).waitFor();
  await done(page);
});

test('a phone leaves in one tap and a confirmation; a payer is added, and sees no balance', async () => {
  const page = await newPage();
  await logIn(page);
  await page.goto(`${base}/me/shops/11`);
  const people = at(page, 'people').locator('li');
  const before_that = await people.count().then(async () => {
    await people.first().waitFor();
    return people.count();
  });
  await people.filter({ hasText: '136****4412' }).locator('[data-test=end]').click();
  assert.match(await page.locator('[role=dialog] .note').innerText(), /136\*{4}4412 将不能再/);
  await at(page, 'end-yes').click();
  await people.nth(before_that - 1).waitFor({ state: 'detached' });
  await page.fill('input[name=payer]', '13500000001');
  await at(page, 'add-payer').click();
  await people.filter({ hasText: '135****0001' }).waitFor();
  await done(page);
  const other = await newPage();
  await logIn(other, '13700000007');
  await other.getByText('您是这个铺位的代付人').waitFor();
  assert.equal(await at(other, 'balance').count(), 0);
  await done(other);
});

test('a pay sticker is paid without log-in, and an ended one says so', async () => {
  const page = await newPage();
  await page.goto(`${base}/p/QQQQQQQQ2345`);
  await at(page, 'tile').filter({ hasText: '50.00' }).first().click();
  assert.equal(await at(page, 'balance').count(), 0);
  await look(page, 'sticker');
  await at(page, 'way').filter({ hasText: '支付宝' }).click();
  await at(page, 'pay').click();
  await page.locator('[data-test=sentence].note--good').waitFor({ timeout: 15_000 });
  assert.match(page.url(), /\/m\/p\/QQQQQQQQ2345\/[\w-]{43}$/);
  await page.goto(`${base}/p/AAAAAAAAAAAA`);
  assert.match(await page.locator('[role=alert]').innerText(), /这张缴费码已失效/);
  await done(page);
});

for (const [width, locale, scheme, scale] of [
  [360, 'zh-CN', 'light', 1],
  [390, 'en', 'dark', 1],
  [390, 'zh-CN', 'dark', 1],
  [360, 'en', 'light', 2],
]) {
  test(`every page at ${width} px, ${locale}, ${scheme}${scale > 1 ? ', text at 200 %' : ''}: fits, large targets, nothing serious from axe`, async () => {
    const page = await newPage({ width, locale, scheme });
    const name = (path) => `page${path.replace(/\W+/g, '-')}-${width}-${locale}-${scheme}${scale > 1 ? '-large' : ''}`;
    const large = () => (scale > 1 ? page.addStyleTag({ content: `html { font-size: ${scale * 100}% }` }) : null);
    const faults = [];
    const check = async (path) => {
      await large();
      faults.push(...(await faultsOf(page)).map((one) => `${path}: ${one}`));
      await look(page, name(path));
    };
    for (const path of ['/login', '/p/QQQQQQQQ2345']) {
      await page.goto(base + path);
      await page.locator('form').waitFor();
      await check(path);
    }
    await logIn(page);
    const speak = async (wanted, word) => {
      await page.goto(`${base}/me`);
      await page.locator('label', { hasText: word }).click();
      await page.waitForFunction((lang) => document.documentElement.lang === lang, wanted);
      await page.waitForLoadState('networkidle');
    };
    if (locale === 'en') await speak('en', 'English');
    const day = new Date(Date.now() - 86_400_000 * 2).toISOString().slice(0, 10);
    for (const path of ['/', '/buy', '/orders', '/orders/1', '/orders/21', '/usage', `/usage/${day}`, '/me', '/me/shops/11', '/password', '/nowhere']) {
      await page.goto(base + path);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await page.waitForLoadState('networkidle');
      await check(path);
      if (locale === 'en') {
        const words = (await page.locator('body').innerText()).replace(/海鲜小馆(\(后厨\))?|一个名字[^\n]*|地下超市|李丽|中文|爱琴海[^\n]*/g, '');
        if (/[\u3400-\u9fff]/.test(words)) faults.push(`${path}: Chinese text in English: ${/.*[\u3400-\u9fff].*/.exec(words)[0]}`);
      }
    }
    // The mock keeps a person's language: put it back for the next test.
    if (locale === 'en') await speak('zh-CN', '中文');
    assert.deepEqual(faults, []);
    await done(page);
  });
}
