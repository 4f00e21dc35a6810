// What both kinds of phone tests ask of a page: nothing sticks out, targets are large, axe finds nothing serious.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe_source = readFileSync(createRequire(new URL('../../static/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');
const target_px = 44;

/** Faults of the page as it stands, as sentences. */
export async function faultsOf(page) {
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await page.evaluate(() => document.fonts.ready);
  const own = await page.evaluate((least) => {
    const found = [];
    const over = document.documentElement.scrollWidth - window.innerWidth;
    if (over > 0) {
      const who = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1).slice(0, 3);
      found.push(`${over} px too wide: ${who.map((one) => one.className || one.tagName).join(' | ')}`);
    }
    for (const one of document.querySelectorAll('button, a[href], input:not([type=hidden]), select')) {
      const box = (one.closest('label') ?? one).getBoundingClientRect();
      if (!one.checkVisibility() || one.closest('.pw-only-read, .skip, [inert]') || box.width === 0 || one.tabIndex < 0) continue;
      if (Math.round(box.height) < least || Math.round(box.width) < least) found.push(`${Math.round(box.width)}x${Math.round(box.height)} px is too small a target: ${one.outerHTML.slice(0, 90)}`);
    }
    return found;
  }, target_px);
  await page.evaluate(axe_source);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = result.violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  return [...own, ...serious.map((one) => `axe ${one.id}: ${one.nodes.map((node) => node.html.slice(0, 100)).join(' | ')}`)];
}
