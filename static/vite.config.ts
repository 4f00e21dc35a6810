import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import components from 'unplugin-vue-components/vite';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const out_root = process.env.PW_STATIC_OUT ?? here('../build/static');
const api = process.env.PW_API ?? 'http://127.0.0.1:8098';

/** The portal. Assets carry a hash in their name, so nginx may serve them as immutable. */
export default defineConfig({
  root: here('./portal'),
  base: '/portal/',
  publicDir: here('./portal/public'),
  resolve: { alias: { '@shared': here('./shared'), '@': here('./portal') } },
  plugins: [vue(), components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' })] })],
  build: {
    outDir: `${out_root}/portal`,
    emptyOutDir: true,
    target: 'es2021',
    // The content security policy forbids data: scripts; small images may stay inline.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      output: {
        manualChunks(id) {
          if (/node_modules\/(echarts|zrender)\//.test(id)) return 'charts';
          if (/node_modules\/(@?vue|vue-router|@vueuse)\//.test(id)) return 'vue';
          return undefined;
        },
      },
    },
  },
  server: { port: 5173, strictPort: true, proxy: { '/api': { target: api } } },
  // The same policy that nginx sends, so that a violation shows before it is installed.
  preview: {
    headers: {
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    },
    port: Number(process.env.PW_PREVIEW_PORT ?? 5174),
    strictPort: true,
    proxy: { '/api': { target: api } },
  },
});
