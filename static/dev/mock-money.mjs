// Money in the mock: one purchase behind a breaker that a person has to close, and what the pages say of it.
import { iso, meters } from './mock-park.mjs';

const paid_at = iso(Date.now() - 754_000);
const delivered_at = iso(Date.now() - 752_000);
const meter = meters.find((m) => m.state === 'close_by_hand') ?? meters[20];
const purchase = {
  id: 31,
  number: 'P2603020031',
  account_id: 7,
  account_name: meter.shop_name,
  account_number: 'A0007',
  supply_id: meter.supply_id,
  meter_id: meter.id,
  unit_number: meter.unit_number,
  meter_number: meter.number,
  epoch: 1,
  mode: 'meter',
  origin: 'payment',
  amount_fen: 200000,
  state: 'delivered',
  channel: 'cash',
  delivery_state: 'confirmed',
  wait_code: '',
  sold_by_name: '李丽',
  created_at: paid_at,
  paid_at,
  ended_at: delivered_at,
  power_at: null,
  power_by_name: null,
  power_by_hand: true,
};
const step = (code, at) => ({ code, at, since_paid_ms: Date.parse(at) - Date.parse(paid_at) });
const purchasePage = () => ({
  ...purchase,
  quote: {
    balance_fen: -520,
    on_its_way_fen: 0,
    debt_fen: 520,
    usable_fen: 199480,
    balance_after_fen: 199480,
    energy_wh: 2484184,
    priced_by: 'tariff',
    tariff_name: '商业平价',
    warnings: ['close_by_hand'],
    lines: [{ step: 1, rate: '', price_e4: 8030, energy_wh: 2484184 }],
  },
  delivery: {
    id: 41,
    state: 'confirmed',
    wait_code: '',
    purchase_count: 12,
    before_count: 11,
    before_balance_fen: -520,
    after_count: 12,
    after_balance_fen: 199480,
    use_cost_fen: 0,
    tolerance_fen: 50,
    sends: 1,
    created_at: paid_at,
    claimed_at: paid_at,
    last_sent_at: paid_at,
    unknown_since_at: null,
    fence_asked_at: null,
    ended_at: delivered_at,
    fence_proof: null,
    decided_by_name: null,
  },
  payments: [
    {
      id: 51,
      order_number: purchase.number,
      channel: 'cash',
      amount_fen: 200000,
      state: 'settled',
      disposition: 'delivered',
      suspense_reason: null,
      provider_transaction: purchase.number,
      refunded_fen: 0,
      created_at: paid_at,
      settled_at: paid_at,
    },
  ],
  steps: [
    step('ordered', paid_at),
    step('paid', paid_at),
    step('claimed', paid_at),
    step('sent', paid_at),
    step('confirmed', delivered_at),
    ...(purchase.power_at ? [step('power', purchase.power_at)] : []),
  ],
});

export const moneyToPower = () => ({
  count: 41,
  p50_ms: 2_400,
  p95_ms: 9_700,
  waiting: purchase.power_at ? 0 : 1,
  oldest_purchase_id: purchase.power_at ? null : purchase.id,
  oldest_unit_number: purchase.power_at ? null : purchase.unit_number,
  oldest_paid_at: purchase.power_at ? null : paid_at,
});

const stickers = new Map();
const stickersOf = () => ({ public_url: 'https://pay.example.com', items: [...stickers.values()] });
function stickersMake({ body }) {
  for (const supply_id of body.supply_ids) {
    const { unit_number, shop_name, number } = meters.find((m) => m.supply_id === supply_id);
    const code = String(supply_id).padStart(12, 'Q').replace(/[01]/g, 'B').replace(/8|9/g, '7');
    stickers.set(supply_id, {
      supply_id,
      code,
      unit_number,
      shop_name,
      meter_number: number,
      created_at: iso(Date.now()),
    });
  }
  return { status: 201, body: stickersOf() };
}

export const money_routes = {
  'GET /supplies/:id/backfill': ({ id }) => ({
    supply_id: id,
    unit_number: '1F-103',
    meter_number: 'L01-03',
    account_name: '海鲜小馆',
    our_count: 12,
    meter_count: 14,
    our_balance_fen: 21450,
    meter_balance_fen: 35210,
    taken_at: new Date().toISOString(),
    least_fen: 14962,
    most_fen: 15038,
    purchases: [
      {
        purchase_id: 91,
        number: 'P202611220091',
        channel: 'wechat',
        amount_fen: 7000,
        paid_at: new Date().toISOString(),
      },
    ],
    channels: [
      { channel: 'wechat', merchant: 'main' },
      { channel: 'alipay', merchant: 'main' },
    ],
  }),
  'GET /stickers': stickersOf,
  'POST /stickers': stickersMake,
  'GET /waiting': () => ({
    items: purchase.power_at
      ? []
      : [
          {
            kind: 'power_by_hand',
            title_zh: '已付款,待人工合闸送电',
            title_en: 'Paid: the breaker is closed by hand',
            team_zh: '值班工程师',
            team_en: 'Duty engineer',
            object_kind: 'purchase',
            object_id: purchase.id,
            supply_id: purchase.supply_id,
            purchase_id: purchase.id,
            unit_number: purchase.unit_number,
            account_name: purchase.account_name,
            amount_fen: purchase.amount_fen,
            code: 'close_by_hand',
            since_at: delivered_at,
            owner_name: '',
            evidence: { purchase: purchase.number, meter_number: purchase.meter_number },
            age_s: 752,
            buttons: [{ code: 'power', zh: '已送电', en: 'Power is on' }],
          },
        ],
  }),
  'GET /purchases/:id': purchasePage,
  'POST /purchases/:id/power': ({ session }) => {
    if (!purchase.power_at)
      Object.assign(purchase, {
        power_at: iso(Date.now()),
        power_by_name: session.user.display_name,
        power_by_hand: false,
      });
    return purchasePage();
  },
};
