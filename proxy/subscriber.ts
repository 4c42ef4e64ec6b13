import type { Delivered } from "./message.ts";
import type { Receipt } from "./receipt.ts";

export type Delivery = { readonly message: Delivered; readonly receipt: Receipt; readonly attempt: number };

/** Who takes a group's messages here. Several share what this proxy holds of the group. */
export interface Subscriber {
  /** Whether it takes one more now. */
  ready(): boolean;
  take(delivery: Delivery): void;
  /** Whether it has been written to the client: only then has it failed where it is not acknowledged. */
  hasSent(delivery: number): boolean;
  /**
   * One that was under way here is so no longer: it was acknowledged, or taken back because its time was
   * over or its partition has moved. What has not been written by then must not be: it is another's.
   */
  released(delivery: number): void;
  /** The group has ended, and with it all that was under way. */
  end(error: Error): void;
}
