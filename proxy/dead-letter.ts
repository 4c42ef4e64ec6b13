import { v5 } from "uuid";
import type { DeadLetter } from "./group-contract.ts";
import type { Delivered, Message } from "./message.ts";

const names = "6f7c1a3e-3a52-5d7b-9f0e-5d1c2b7a9e44";
const prefix = "prism-dead-letter-";

/**
 * A message that a group has failed to work on, as it is put aside: in the topic's dead
 * letters, with what is known of it. Putting it aside twice is putting it aside once.
 */
export function deadLetterOf(group: string, message: Delivered, { attempts, reason }: DeadLetter): Message {
  const { offset, ...rest } = message;
  return {
    ...rest,
    id: v5(`${group}/${message.id}`, names),
    topic: `${message.topic}.dead-letter`,
    headers: {
      ...message.headers,
      [`${prefix}group`]: group,
      [`${prefix}reason`]: reason,
      [`${prefix}attempts`]: String(attempts),
      [`${prefix}message-id`]: message.id,
      [`${prefix}offset`]: offset,
    },
    once: true,
  };
}

/** What a consumer of dead letters is told beside the publisher's own metadata. */
export const deadLetterMetadata = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(prefix)));
