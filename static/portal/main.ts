import { createApp } from 'vue';
import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import 'element-plus/theme-chalk/el-message.css';
import 'element-plus/theme-chalk/el-message-box.css';
import '@shared/tokens.css';
import './portal.css';
import './pages/parts.css';
import { localeAtStart } from '@shared/i18n';
import App from './App.vue';
import { api } from './api';
import { localeUse } from './i18n';
import { router, sessionLost } from './router';
import { sessionLoad, sessionSet } from './session';
import '@shared/theme';

async function start(): Promise<void> {
  await localeUse(localeAtStart());
  api.hooksSet({
    ended: () => {
      sessionSet(null);
      sessionLost();
    },
    staged: () => void sessionLoad().then(() => router.replace('/')),
  });
  createApp(App).use(router).mount('#app');
}

void start();
