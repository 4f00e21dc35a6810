/**
 * Shapes of the staff API under the names that pages use. They come from the server's own description
 * (`npm run types`); what is narrowed here are words that the description leaves as plain text.
 */
import type { components } from '@shared/api-types';

type Schemas = components['schemas'];

export type At = string;
export type Permission =
  | 'park.view'
  | 'meter.switch'
  | 'meter.read_now'
  | 'keep_on.set'
  | 'lock_out.set'
  | 'lock_out.override'
  | 'approval.view'
  | 'approval.decide'
  | 'field.approve'
  | 'money.approve'
  | 'line.configure'
  | 'supply.unfreeze'
  | 'document.add'
  | 'import.run'
  | 'user.manage'
  | 'audit.view'
  | 'alarm.view'
  | 'account.view'
  | 'account.manage'
  | 'account.close'
  | 'close.approve'
  | 'contact.phone'
  | 'sell'
  | 'purchase.view'
  | 'tariff.view'
  | 'tariff.manage'
  | 'refund.request'
  | 'suspense.decide'
  | 'swap.manage'
  | 'check.view'
  | 'proof.view';
export type RoleCode = Schemas['SessionUser']['role'];

export interface List<T> {
  items: T[];
  next_cursor?: string | null;
}

export type Session = Omit<Schemas['Session'], 'permissions'> & { permissions: Permission[] };
export type TotpBegin = Schemas['TotpOffer'];
export type TotpFinish = Omit<Schemas['TotpDone'], 'session'> & { session: Session };
export type Status = Schemas['Status'];
export type Overview = Schemas['Overview'];

export type Task = Schemas['Task'];
export type TaskKind = Task['kind'];
export type Severity = Task['severity'];
export type SearchHit = Schemas['SearchHit'];
export type Tree = Schemas['Tree'];

export type MeterRow = Schemas['MeterRow'];
export type Relay = MeterRow['relay'];
export type SupplyState = MeterRow['state'];
export type Meters = Schemas['MeterList'];
export type MeterLive = Schemas['MeterLive'];
export type MeterParameters = Schemas['MeterParameters'];
export type MeterAction = Schemas['Action'];
export type Meter = Schemas['Meter'];
export type MeterLife = Schemas['MeterLife'];
export type Rate = 'sharp' | 'peak' | 'flat' | 'valley' | 'deep_valley';
export type Readings = Omit<Schemas['Readings'], 'rate_bands'> & {
  rate_bands: { from_minute: number; to_minute: number; rate: Rate }[];
};
export type LogItem = Schemas['LogItem'];

export type Gateway = Schemas['Gateway'];
export type Line = Schemas['Line'];
export type LineDetail = Schemas['LinePage'];
export type Alarm = Schemas['Alarm'];

export type CommandKind = Schemas['Command']['kind'];
export type CommandState = Schemas['Command']['state'];
export interface Evidence {
  relay_before: string | null;
  relay_after: string | null;
  status_bits: number | null;
  forced_word: number | null;
  serial_number: string | null;
  read_backs: number;
  current_ma: number | null;
}
export type Command = Omit<Schemas['Command'], 'evidence'> & { evidence: Partial<Evidence> | null };
export type Approval = Schemas['Approval'];
export interface CommandAnswer {
  command: Command | null;
  approval: Approval | null;
}
export type LockOut = Schemas['LockOut'];
export type KeepOn = Schemas['KeepOn'];

export type ImportRow = Schemas['ImportRow'];
/** Lists leave the rows out. */
export type Import = Schemas['ImportFacts'] & { rows?: ImportRow[] };

export type User = Schemas['User'];
export type UserReset = Schemas['UserResetDone'];
export type Role = Omit<Schemas['Role'], 'permissions'> & { permissions: Permission[] };
export type AuditRow = Schemas['AuditRow'];
export type AuditVerification = Schemas['AuditVerification'];

export type Account = Schemas['Account'];
export type AccountKind = Account['kind'];
export type AccountPage = Schemas['AccountPage'];
/** A supply as the counter sees it: its account, what its meter holds, under which tariff. */
export type CounterSupply = Schemas['AccountSupply'];
export type Contact = Schemas['Contact'];
export type ContactRole = Contact['role'];
export type LedgerRow = Schemas['LedgerRow'];
export type Quote = Schemas['Quote'];
export type Purchase = Schemas['Purchase'];
export type PurchasePage = Schemas['PurchasePage'];
export type Delivery = Schemas['Delivery'];

export type Tariff = Schemas['Tariff'];
export type TariffKind = NonNullable<Tariff['kind']>;
export type TariffPage = Schemas['TariffPage'];
export type TariffVersion = Schemas['TariffVersion'];
export type SampleBill = Schemas['SampleBill'];
export type OldPrice = Schemas['OldPrice'];
export type PushBatch = Schemas['PushBatch'];
export type PushPage = Schemas['PushPage'];
export type PushRow = Schemas['PushRow'];
export type ModeChange = Schemas['ModeChange'];

export type WaitingItem = Schemas['WaitingItem'];
export type TakeOver = Schemas['TakeOver'];
export type TakeOverPage = Schemas['TakeOverPage'];
export type TakeOverRow = Schemas['TakeOverRow'];
export type Checks = Schemas['Checks'];
export type ProofSum = Schemas['ProofSum'];
export type ProofTotal = Schemas['ProofTotal'];
export type ProofSums = Schemas['ProofSums'];
export type ProofWaiting = Schemas['ProofWaiting'];
export type Proof = Schemas['Proof'];
export type Proofs = Schemas['Proofs'];
export type ProofPage = Schemas['ProofPage'];
export type PaperDocument = Schemas['Document'];
export type Refund = Schemas['Refund'];
export type AccountClosePage = Schemas['AccountClosePage'];
export type CloseSupply = Schemas['CloseSupply'];
export type Openings = Schemas['Openings'];
export type Adjustment = Schemas['Adjustment'];
export type Backfill = Schemas['BackfillPage'];
export type Swap = Schemas['Swap'];
export type SwapPage = Schemas['SwapPage'];
export type Stickers = Schemas['Stickers'];
export type Sticker = Schemas['StickerRow'];
export type CounterCode = Schemas['CounterCode'];
export type ContactPassword = Schemas['ContactPassword'];
