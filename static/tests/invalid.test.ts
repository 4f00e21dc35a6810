import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ApiError } from '@shared/api';
import { localeSet } from '@shared/i18n';
import en from '../portal/locales/en.json';
import zh from '../portal/locales/zh-CN.json';
import { errorText } from '../portal/api';

const refused = (field: string, detail: string): string =>
  errorText(new ApiError({ code: 'invalid_field', field, detail }, 400));

describe('a refused field', () => {
  it('is named in Chinese', () => {
    localeSet('zh-CN', zh);
    expect(refused('reason', 'reason must have 1 to 200 characters')).toBe('“原因”须为 1 至 200 个字符。');
    expect(refused('reason', 'reason is missing')).toBe('请填写“原因”。');
  });
  it('tells bounds of money in yuan', () => {
    localeSet('en', en);
    const detail = 'amount_fen must be a whole number from 100 to 1000000';
    expect(refused('amount_fen', detail)).toBe('Amount must lie between 1.00 yuan and 10,000.00 yuan.');
  });
  it('has a sentence of its own where the rule is no shape', () => {
    localeSet('zh-CN', zh);
    expect(refused('unit_number', 'unit_number must be the number of this unit')).toContain('铺位号');
    expect(refused('something_new', 'something_new must be a list')).toContain('something_new');
  });
  it("never shows the server's English for a code without words", () => {
    localeSet('zh-CN', zh);
    expect(errorText(new ApiError({ code: 'brand_new', detail: 'Something in English' }, 409))).not.toContain(
      'English',
    );
  });
});

const document_file = fileURLToPath(new URL('../../build/openapi.json', import.meta.url));

interface Shape {
  properties?: Record<string, unknown>;
}
interface Operation {
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  parameters?: { in: string; name: string }[];
}

/** Every field that a request of the staff API may carry, as the server describes itself; the phone has its own words. */
function requestFields(): Set<string> {
  const described = JSON.parse(readFileSync(document_file, 'utf8')) as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Shape> };
  };
  const names = new Set<string>();
  const staff = Object.entries(described.paths).filter(([path]) => path.startsWith('/api/v1/staff/'));
  for (const operation of staff.flatMap(([, path]) => Object.values(path))) {
    for (const one of operation.parameters ?? []) if (one.in === 'query') names.add(one.name);
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
      const shape = described.components.schemas[schema.$ref?.split('/').at(-1) ?? ''];
      for (const name of Object.keys(shape?.properties ?? {})) names.add(name);
    }
  }
  return names;
}

describe.skipIf(!existsSync(document_file))('the names of fields', () => {
  it('cover every field of every request', () => {
    const words = zh as Record<string, string>;
    expect([...requestFields()].filter((name) => !(`field.${name}` in words))).toEqual([]);
  });
});
