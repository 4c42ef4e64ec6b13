import { PrismError } from "../domain/errors.ts";

/** Which delivery a receipt names: by whom, in which session of a group there, of which record. */
export type Receipt = {
  readonly proxy: string;
  readonly session: string;
  readonly delivery: number;
  readonly partition: number;
  readonly offset: bigint;
};

export const receiptText = ({ proxy, session, delivery, partition, offset }: Receipt): string =>
  Buffer.from([session, delivery, partition, offset, proxy].join(" ")).toString("base64url");

export function parseReceipt(text: string): Receipt {
  const plain = Buffer.from(text, "base64url").toString("utf8");
  const parts = /^([0-9a-f]{12}) (\d{1,15}) (\d{1,9}) (\d{1,19}) (.+)$/.exec(plain);
  if (parts === null) {
    throw new PrismError("INVALID_CONFIGURATION", "this is not a receipt", {
      details: { field: "receipt", recommendation: "Send back the receipt of a delivered message as it is" },
    });
  }
  const [, session = "", delivery = "", partition = "", offset = "", proxy = ""] = parts;
  return {
    proxy,
    session,
    delivery: Number(delivery),
    partition: Number(partition),
    offset: BigInt(offset),
  };
}

export const receiptElsewhere = (because: string): PrismError =>
  new PrismError("RECEIPT_ELSEWHERE", `this receipt cannot be taken here: ${because}`, {
    details: {
      recommendation: "Acknowledge where the message was delivered; unacknowledged, it comes again",
    },
  });
