// The phone site until the balance is seen, cold cache and a session: page, entry, what the entry imports, its styles,
// each language file that may be needed, the manifest's icon left out. At most 90 kB (gzip, level 6 as nginx sends it).
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.argv[2] ?? `${root}build/static/phone`;
const budget_bytes = 90_000;
const answers_bytes = 3_000; // session and home with their headers

if (!existsSync(`${folder}/.vite/manifest.json`)) {
  console.error(`${folder}: not built`);
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(`${folder}/.vite/manifest.json`, 'utf8'));
const files = new Set(['index.html']);
const take = (name) => {
  const part = manifest[name];
  files.add(part.file);
  for (const style of part.css ?? []) files.add(style);
  for (const next of part.imports ?? []) take(next);
};
const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
take(entry);
for (const name of Object.keys(manifest)) if (/locales\/[\w-]+\.json$/.test(name)) take(name);

let sum = answers_bytes;
for (const file of files) {
  const bytes = gzipSync(readFileSync(`${folder}/${file}`), { level: 6 }).length;
  sum += bytes;
  console.error(`${String(bytes).padStart(7)}  ${file}`);
}
console.error(`${String(sum).padStart(7)}  of ${budget_bytes}`);
const fonts = [...Object.values(manifest)].flatMap((part) => part.assets ?? []).filter((file) => /\.(woff2?|ttf)$/.test(file));
if (fonts.length) console.error(`icon font in the build: ${fonts.join(' ')}`);
process.exit(sum > budget_bytes || fonts.length ? 1 : 0);
