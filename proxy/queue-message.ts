import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Message, MessageSchema } from "../proto/gen/prism/v1/message_pb.js";
import { deadLetterMetadata } from "./dead-letter.ts";
import { receiptText } from "./receipt.ts";
import type { Delivery } from "./subscriber.ts";
import { traceMetadata } from "./tracing.ts";

/** A delivery as the client sees it. */
export const toProto = ({ message, receipt, attempt }: Delivery): Message =>
  create(MessageSchema, {
    messageId: message.id,
    topic: message.topic,
    key: message.key,
    payload: message.payload,
    metadata: {
      ...traceMetadata(message.headers),
      ...message.metadata,
      ...deadLetterMetadata(message.headers),
    },
    offset: message.offset,
    receipt: receiptText(receipt),
    attempt,
    publishedAt: timestampFromMs(message.publishedAtMs),
  });
