import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { state_looks } from '@shared/states';
import en from '../portal/locales/en.json';
import zh from '../portal/locales/zh-CN.json';

const css = readFileSync(new URL('../shared/tokens.css', import.meta.url), 'utf8');

function tokens(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`\n${selector} {`)).split('\n}')[0] ?? '';
  return new Map(
    [...block.matchAll(/--pw-([\w-]+):\s*(#[0-9a-f]{6})/g)].map((found) => [found[1] ?? '', found[2] ?? '']),
  );
}
const light = tokens(':root');
const dark = new Map([...light, ...tokens(':root.dark')]);

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const states = ['closed', 'tripped', 'keep-on', 'locked-out', 'stale', 'by-hand', 'level-1', 'level-2', 'level-3'];
const pairs: [string, string][] = [
  ...['text', 'text-2', 'text-3', 'accent'].flatMap((ink): [string, string][] =>
    ['bg', 'surface', 'surface-2'].map((ground) => [ink, ground]),
  ),
  ...states.flatMap((state): [string, string][] => [
    [state, `${state}-soft`],
    [state, 'surface'],
  ]),
  ['on-accent', 'accent'],
  ['accent-strong', 'accent-soft'],
  ['text', 'accent-soft'],
];

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('contrast in %s', (_name, set) => {
  it.each(pairs)('%s on %s is at least 4.5', (ink, ground) => {
    expect(contrast(set.get(ink) ?? '#000000', set.get(ground) ?? '#000000')).toBeGreaterThanOrEqual(4.5);
  });
});

describe('states', () => {
  it('have a word in both languages', () => {
    for (const state of Object.keys(state_looks)) {
      expect(zh, state).toHaveProperty([`state.${state}`]);
      expect(en, state).toHaveProperty([`state.${state}`]);
    }
  });
});
