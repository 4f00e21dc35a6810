import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig, transformWithEsbuild, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const out_root = process.env.PW_STATIC_OUT ?? here('../build/static');
const api = process.env.PW_API ?? 'http://127.0.0.1:8098';
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** sw.js: the service worker, told which files this build consists of. */
function serviceWorker(): Plugin {
  return {
    name: 'paywatt-service-worker',
    apply: 'build',
    async generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css)$/.test(name));
      const source = readFileSync(here('./phone/sw.ts'), 'utf8');
      const code = (await transformWithEsbuild(source, 'sw.ts', { minify: true })).code;
      const head = `const shell_files=${JSON.stringify(files.sort())};\n`;
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: head + code });
    },
  };
}

/** The tenants' phone site. What a page needs beyond the first screen is loaded with that page. */
export default defineConfig({
  root: here('./phone'),
  base: '/m/',
  publicDir: here('./phone/public'),
  resolve: { alias: { '@shared': here('./shared'), '@phone': here('./phone') } },
  plugins: [vue(), serviceWorker()],
  build: {
    outDir: `${out_root}/phone`,
    emptyOutDir: true,
    target: 'es2021',
    manifest: true, // the lint of the size budget reads what the first screen loads
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        manualChunks: (id) => (/node_modules\/(@?vue|vue-router)\//.test(id) ? 'vue' : undefined),
      },
    },
  },
  server: { port: 5175, strictPort: true, proxy: { '/api': { target: api } } },
  preview: {
    // The policy that nginx sends (it adds the payment providers' hosts to form-action).
    headers: { 'Content-Security-Policy': policy },
    port: Number(process.env.PW_PREVIEW_PORT ?? 5176),
    strictPort: true,
    proxy: { '/api': { target: api } },
  },
});
