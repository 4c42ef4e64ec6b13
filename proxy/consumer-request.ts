import { PrismError } from "../domain/errors.ts";
import type { ConsumeRequest } from "../proto/gen/prism/v1/queue_pb.js";
import type { Admitted } from "./admission.ts";
import type { Group } from "./group-contract.ts";
import { checkNack, creditLimit } from "./queue-request.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";

/** What a client may say while it consumes. */
export type Consumer = {
  readonly group: Group;
  readonly addCredit: (more: number) => void;
  readonly leave: () => void;
  readonly fail: (why: unknown) => void;
};

/** Does what it says; throws where that is a mistake. */
export function obey(
  { group, addCredit }: Consumer,
  { served }: Admitted,
  { request }: ConsumeRequest,
): void {
  const each = (named: { receipt: string[] }, act: (of: Group, receipt: Receipt) => unknown): void => {
    for (const text of named.receipt) {
      const receipt = parseReceipt(text);
      act(receipt.session === group.session ? group : served.groups.holding(receipt), receipt);
    }
  };
  switch (request.case) {
    // What comes too late is no mistake of the client's: the message comes again.
    case "ack":
      each(request.value, (of, receipt) => of.acknowledge(receipt));
      return;
    case "extend":
      each(request.value, (of, receipt) => of.extend(receipt));
      return;
    case "nack": {
      const { delayMs, reason } = checkNack(request.value);
      each(request.value, (of, receipt) => of.reject(receipt, delayMs, reason));
      return;
    }
    case "credit":
      addCredit(Math.min(request.value, creditLimit));
      return;
    case "open":
      throw invalid("open", "this stream is open already");
    default:
      throw invalid("request", "this message says nothing");
  }
}

const invalid = (field: string, message: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { field } });
