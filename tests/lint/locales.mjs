// The words of the front ends: both languages have the same keys, no key is missing or unused, placeholders
// agree, and no source outside the language files holds Chinese text. Prints each finding as file:line: sentence.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const apps = ['portal', 'phone', 'kiosk'];
const findings = [];
const tell = (file, line, sentence) => findings.push(`${relative(root, file)}:${line}: ${sentence}`);

function sources(folder) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'locales' && entry.name !== 'node_modules') found.push(...sources(path));
    else if (/\.(vue|ts|html|css)$/.test(entry.name)) found.push(path);
  }
  return found;
}

function lineOf(text, at) {
  return text.slice(0, at).split('\n').length;
}

/** Comments may hold Chinese terms; what is left after removing them may not. */
function withoutComments(text) {
  const blank = (part) => part.replace(/[^\n]/g, ' ');
  return text.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, blank).replace(/(^|[\s;{}(])\/\/[^\n]*/g, blank);
}

const placeholders = (words) => [...words.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join(' ');
const shared = sources(join(root, 'static/shared'));

for (const app of apps) {
  const folder = join(root, 'static', app);
  const zh_file = join(folder, 'locales/zh-CN.json');
  const en_file = join(folder, 'locales/en.json');
  let zh;
  let en;
  try {
    zh = JSON.parse(readFileSync(zh_file, 'utf8'));
    en = JSON.parse(readFileSync(en_file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') continue;
    throw error;
  }
  for (const key of Object.keys(zh)) if (!(key in en)) tell(en_file, 1, `key "${key}" is missing`);
  for (const [key, words] of Object.entries(en)) {
    if (!(key in zh)) tell(zh_file, 1, `key "${key}" is missing`);
    else if (placeholders(words) !== placeholders(zh[key])) tell(en_file, 1, `key "${key}": placeholders differ from zh-CN`);
    if (/[\u3400-\u9fff]/.test(words) && !key.startsWith('language.') && key !== 'shell.other_language') tell(en_file, 1, `key "${key}" has Chinese text`);
  }
  for (const [file, words] of [[zh_file, zh], [en_file, en]]) {
    const keys = Object.keys(words);
    const sorted = [...keys].sort();
    const at = keys.findIndex((key, n) => key !== sorted[n]);
    if (at >= 0) tell(file, at + 2, `key "${keys[at]}" is out of order (keys are sorted)`);
    for (const key of keys) if (!words[key].trim()) tell(file, 1, `key "${key}" is empty`);
  }

  // Used keys: every quoted string that is a key; and `prefix.${...}` uses all keys below the prefix.
  const used = new Set();
  const prefixes = new Set();
  const calls = new Map();
  for (const file of [...sources(folder), ...shared]) {
    const text = readFileSync(file, 'utf8');
    for (const found of text.matchAll(/['"]([a-z][\w-]*(?:\.[\w-]+)+)['"]/gi)) if (found[1] in zh) used.add(found[1]);
    for (const found of text.matchAll(/`([a-z][\w.-]*[._])\$\{/gi)) prefixes.add(found[1]);
    for (const found of text.matchAll(/\bt(?:ext)?\(\s*['"]([\w.-]+)['"]/g)) calls.set(found[1], [file, lineOf(text, found.index)]);
    const bare = withoutComments(text);
    const chinese = /[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]/.exec(bare);
    if (chinese) tell(file, lineOf(bare, chinese.index), 'Chinese text outside the language files');
  }
  for (const [key, [file, line]] of calls) if (!(key in zh)) tell(file, line, `key "${key}" is in no language file`);
  for (const key of Object.keys(zh)) {
    if (!used.has(key) && ![...prefixes].some((prefix) => key.startsWith(prefix))) tell(zh_file, 1, `key "${key}" is used nowhere`);
  }
}
// Codes that the server sends and the portal puts into words: each row of these lists has its key.
const lists = [
  ['core/rules/audit_action.def', /^AUDIT_ACTION\(\w+, "([\w.]+)"/gm, 'audit.act.'],
  ['core/rules/permission.def', /^PERMISSION\(\w+, "([\w.]+)"/gm, 'permission.'],
  ['core/rules/approval.def', /^APPROVAL\(\w+, "([\w.]+)"/gm, 'approvals.kind.'],
  ['cgi/handlers/money.c', /^ {4}\{"([a-z_]+)",/gm, 'error.'],
  ['cgi/handlers/money.c', /^ {8}\{"([a-z_]+)",/gm, 'field.'],
];
const portal_zh = join(root, 'static/portal/locales/zh-CN.json');
const portal_words = JSON.parse(readFileSync(portal_zh, 'utf8'));
for (const [list, shape, prefix] of lists) {
  let text;
  try {
    text = readFileSync(join(root, list), 'utf8');
  } catch {
    continue;
  }
  for (const found of text.matchAll(shape)) {
    if (!(`${prefix}${found[1]}` in portal_words)) tell(join(root, list), lineOf(text, found.index), `key "${prefix}${found[1]}" is missing in ${relative(root, portal_zh)}`);
  }
}
for (const finding of findings) console.error(finding);
process.exit(findings.length ? 1 : 0);
