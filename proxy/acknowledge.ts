import { create } from "@bufbuild/protobuf";
import {
  type AcknowledgeRequest,
  AcknowledgeRequestSchema,
  type AcknowledgeResponse,
  AcknowledgeResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Publishing } from "./publish.ts";
import { parseReceipt, receiptElsewhere } from "./receipt.ts";
import { read } from "./unread.ts";

// What a call takes that waits, however little it says: no rate bounds how many there are.
const callBytes = 1_024;

/** Waits for its turn as a publish does, in the memory that publishes have. */
export async function acknowledge(
  { limits, turns, check }: Publishing,
  bytes: Uint8Array,
  admitted: Admitted,
): Promise<AcknowledgeResponse> {
  const { entry } = admitted.served;
  const release = limits.hold(entry, Math.max(callBytes, bytes.byteLength));
  try {
    return await turns.take(entry.namespace, () => {
      check(admitted);
      return confirm(read(AcknowledgeRequestSchema, bytes), admitted);
    });
  } finally {
    release();
  }
}

/** Answers when it is committed: what is confirmed does not come again, whatever dies. */
async function confirm(request: AcknowledgeRequest, { served }: Admitted): Promise<AcknowledgeResponse> {
  const receipts = request.receipt.map(parseReceipt);
  const groups = receipts.map((receipt) => served.groups.holding(receipt));
  const confirmed = await Promise.all(receipts.map((receipt, at) => groups[at]?.confirm(receipt)));
  if (confirmed.includes(false)) throw receiptElsewhere("its message was taken back and comes again");
  return create(AcknowledgeResponseSchema);
}
