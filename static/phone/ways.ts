/** Which ways of paying fit the browser that asks, and in which of its forms. */
import type { Channel } from './types';

export type Browser = 'wechat' | 'alipay' | 'unionpay' | 'phone' | 'desktop';
export type Scene = 'qr' | 'phone' | 'in_app' | 'page';

export interface Way {
  channel: string;
  merchant: string;
  scene: Scene;
  available: boolean;
}

export function browserOf(user_agent: string): Browser {
  if (/MicroMessenger/i.test(user_agent)) return 'wechat';
  if (/AlipayClient/i.test(user_agent)) return 'alipay';
  if (/UPPay|UnionPay|com\.unionpay/i.test(user_agent)) return 'unionpay';
  return /Android|iPhone|iPad|Mobile|HarmonyOS/i.test(user_agent) ? 'phone' : 'desktop';
}

/** Inside WeChat only JSAPI works; a phone's browser is redirected; a desk shows a code or goes to a page. */
const scenes_of: Record<Browser, readonly Scene[]> = {
  wechat: ['in_app'],
  alipay: ['phone'],
  unionpay: ['phone'],
  phone: ['phone'],
  desktop: ['qr', 'page'],
};
const only: Partial<Record<Browser, string>> = { wechat: 'wechat', alipay: 'alipay', unionpay: 'unionpay' };

export function waysOf(channels: readonly Channel[], browser: Browser): Way[] {
  const ways: Way[] = [];
  for (const one of channels) {
    if (only[browser] !== undefined && one.channel !== only[browser]) continue;
    const scene = scenes_of[browser].find((wanted) => one.scenes.includes(wanted));
    if (scene) ways.push({ channel: one.channel, merchant: one.merchant, scene, available: one.available });
  }
  return ways;
}

/** The way to begin with: the last used one where it still answers, else the first that does. */
export function wayFirst(ways: readonly Way[], last: string | null): Way | null {
  const open = ways.filter((one) => one.available);
  return open.find((one) => one.channel === last) ?? open[0] ?? null;
}
