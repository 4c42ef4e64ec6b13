import type { Event } from "../event.ts";
import type { WrittenAmounts } from "./quota.ts";

export type TeamDefined = Event<"TeamDefined", { readonly team: string; readonly quota: WrittenAmounts }>;
export type QuotaChanged = Event<"QuotaChanged", { readonly team: string; readonly quota: WrittenAmounts }>;

/** Before anything is provisioned: from here the amounts are nobody else's. */
export type QuotaReserved = Event<
  "QuotaReserved",
  {
    readonly team: string;
    readonly namespace: string;
    readonly incarnation: number;
    readonly operation: string;
    readonly amounts: WrittenAmounts;
  }
>;

/** The operation succeeded: what it reserved is what the namespace holds now. */
export type QuotaCommitted = Event<
  "QuotaCommitted",
  { readonly team: string; readonly namespace: string; readonly operation: string }
>;

/** `reservation`: the operation failed, the namespace keeps what it held before. `namespace`: it holds nothing any more. */
export type QuotaReleased = Event<
  "QuotaReleased",
  {
    readonly team: string;
    readonly namespace: string;
    readonly operation: string;
    readonly released: "reservation" | "namespace";
  }
>;

/** Everything up to here in one event, so that nobody has to read further back. */
export type QuotaSnapshot = Event<
  "QuotaSnapshot",
  { readonly team: string; readonly quota: WrittenAmounts; readonly holdings: readonly WrittenHolding[] }
>;

export type WrittenHolding = {
  readonly namespace: string;
  readonly incarnation: number;
  readonly committed: WrittenReservation | null;
  readonly pending: WrittenReservation | null;
};

export type WrittenReservation = { readonly operation: string; readonly amounts: WrittenAmounts };

export type TeamEvent =
  | TeamDefined
  | QuotaChanged
  | QuotaReserved
  | QuotaCommitted
  | QuotaReleased
  | QuotaSnapshot;
