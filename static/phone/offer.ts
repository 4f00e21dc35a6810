/** What a provider hands to the payer, as the API tells it, checked before anything is done with it. */
export interface OfferField {
  name: string;
  value: string;
}
export type Offer =
  | { kind: 'qr'; text: string }
  | { kind: 'redirect'; text: string }
  | { kind: 'form'; text: string; fields: OfferField[] }
  | { kind: 'client'; fields: OfferField[] };

function fieldsOf(value: unknown): OfferField[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one: unknown): one is OfferField =>
      typeof one === 'object' &&
      one !== null &&
      typeof (one as OfferField).name === 'string' &&
      typeof (one as OfferField).value === 'string',
  );
}

/** Only a web address is gone to: never javascript: or a path of our own. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^/]/i.test(text);
}

export function offerOf(raw: unknown): Offer | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { kind, text, fields } = raw as { kind?: unknown; text?: unknown; fields?: unknown };
  const words = typeof text === 'string' ? text : '';
  if (kind === 'qr' && words) return { kind, text: words };
  if (kind === 'redirect' && isWebAddress(words)) return { kind, text: words };
  if (kind === 'form' && isWebAddress(words)) return { kind, text: words, fields: fieldsOf(fields) };
  if (kind === 'client') return { kind, fields: fieldsOf(fields) };
  return null;
}

type BridgeAnswer = { err_msg?: string };
interface Bridge {
  invoke(act: string, parameters: Record<string, string>, done: (answer: BridgeAnswer) => void): void;
}
declare global {
  interface Window {
    WeixinJSBridge?: Bridge;
  }
}

const bridge_wait_ms = 8_000;

function bridge(): Promise<Bridge | null> {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge);
  return new Promise((resolve) => {
    const ready = (): void => resolve(window.WeixinJSBridge ?? null);
    document.addEventListener('WeixinJSBridgeReady', ready, { once: true });
    setTimeout(ready, bridge_wait_ms);
  });
}

export type ClientEnd = 'ok' | 'cancel' | 'fail';

/** Opens WeChat's own payment sheet. What it says is no proof: the server tells whether money came. */
export async function clientPay(fields: readonly OfferField[]): Promise<ClientEnd> {
  const found = await bridge();
  if (!found) return 'fail';
  const parameters = Object.fromEntries(fields.map((one) => [one.name, one.value]));
  return new Promise((resolve) => {
    found.invoke('getBrandWCPayRequest', parameters, (answer) => {
      const said = answer.err_msg ?? '';
      resolve(said.endsWith(':ok') ? 'ok' : said.endsWith(':cancel') ? 'cancel' : 'fail');
    });
  });
}

/** Posts the provider's form from this window. */
export function formPost(offer: { text: string; fields: readonly OfferField[] }): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = offer.text;
  form.acceptCharset = 'utf-8';
  for (const one of offer.fields) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = one.name;
    input.value = one.value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}
