// shared/api-types.ts from the server's own description (paywatt-cgi --openapi); with --check also the type check.
// --if-possible: without a built server say so and go on, for builds of the front end alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wanted = new Set(process.argv.slice(2));
const document_file = here('../../build/openapi.json');
const types_file = here('../shared/api-types.ts');
const out_bytes_max = 16 * 1024 * 1024;

function run(program, args) {
  const done = spawnSync(program, args, { cwd: here('..'), stdio: 'inherit' });
  return done.status ?? 1;
}

/** The newest server that has been built here, or nothing. */
function serverFind() {
  const kinds = ['release', 'asan', 'tsan', 'coverage'];
  const folders = [process.env.PW_BUILD, ...kinds.map((kind) => here(`../../build/${kind}`))].filter(Boolean);
  const programs = folders.map((folder) => `${folder}/cgi/paywatt-cgi`).filter((path) => existsSync(path));
  return programs.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

function documentMake() {
  const server = serverFind();
  if (!server) return existsSync(document_file);
  const told = spawnSync(server, ['--openapi'], { encoding: 'utf8', maxBuffer: out_bytes_max });
  if (told.status !== 0) return existsSync(document_file);
  mkdirSync(here('../../build'), { recursive: true });
  const old = existsSync(document_file) ? readFileSync(document_file, 'utf8').trim() : '';
  if (old !== told.stdout.trim()) writeFileSync(document_file, told.stdout.trim() + '\n');
  return true;
}

if (!documentMake()) {
  const sentence =
    'build/openapi.json is missing and paywatt-cgi is not built: the types of the API cannot be generated';
  if (wanted.has('--if-possible')) {
    console.warn(`${sentence}; going on without the type check`);
    process.exit(0);
  }
  console.error(`${sentence} (./paywatt build, or cmake --build build/release)`);
  process.exit(1);
}
let status = run('node', ['node_modules/openapi-typescript/bin/cli.js', document_file, '-o', types_file]);
if (status === 0 && wanted.has('--check'))
  status = run('node', ['node_modules/vue-tsc/bin/vue-tsc.js', '--noEmit', '-p', 'tsconfig.json']);
process.exit(status);
