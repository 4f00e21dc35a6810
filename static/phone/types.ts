/** Shapes of the tenant API under the names that pages use; they come from the server's own description. */
import type { components } from '@shared/api-types';

type Schemas = components['schemas'];

export type Session = Schemas['TenantSession'];
export type Shop = Schemas['TenantShop'];
export type Home = Schemas['TenantHome'];
export type CodeAsked = Schemas['TenantCodeAsked'];
export type Quote = Schemas['TenantQuote'];
export type QuoteLine = Schemas['QuoteLine'];
export type Channel = Schemas['TenantChannel'];
export type Channels = Schemas['TenantChannels'];
export type Purchase = Schemas['TenantPurchase'];
export type PurchaseState = Purchase['state'];
export type Purchases = Schemas['TenantPurchases'];
export type Usage = Schemas['TenantUsage'];
export type UsageRow = Schemas['TenantUsageRow'];
export type UsageStep = Schemas['TenantUsageQuery']['step'];
export type Day = Schemas['TenantDay'];
export type DayStretch = Schemas['TenantDayStretch'];
export type Readings = Schemas['Readings'];
export type Bindings = Schemas['TenantBindings'];
export type Binding = Schemas['TenantBinding'];
export type Sticker = Schemas['PaySticker'];
export type StickerOrdered = Schemas['PayStickerOrdered'];
