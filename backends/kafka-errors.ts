import { findErrorBy, type GenericError } from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";

const retryAfterMs = 1_000;

/** A failure of Kafka in the words of the one who asked; the broker's own stay in `cause`. */
export function kafkaFailure(doing: string, cause: unknown): PrismError {
  if (cause instanceof PrismError) return cause;
  if (isTooLarge(cause)) {
    const message = `could not ${doing}: Kafka refuses a record of this size`;
    return new PrismError("PAYLOAD_TOO_LARGE", message, { cause });
  }
  return new PrismError("BACKEND_UNAVAILABLE", `could not ${doing}: Kafka does not answer as it should`, {
    details: { backend: "kafka", retry_after_ms: retryAfterMs },
    cause,
  });
}

/** The limit is the broker's for a whole batch of one partition: one record alone may still fit. */
export const isTooLarge = (error: unknown): boolean =>
  hasProtocolError(error, "MESSAGE_TOO_LARGE") || hasProtocolError(error, "RECORD_LIST_TOO_LARGE");

export const hasProtocolError = (error: unknown, id: string): boolean =>
  error instanceof Error && findErrorBy(error, "apiId", id) !== null;

/** The group has moved on without this member: whatever it knew of its partitions is no longer so. */
export const isStaleMembership = (error: unknown): boolean =>
  error instanceof Error && findErrorBy(error, "needsRejoin", true) !== null;

/** The topic was made or moved a moment ago: a broker, or this client, does not know yet who leads what of it. */
export const isUnsettled = (error: unknown): boolean =>
  error instanceof Error && findErrorBy(error, "hasStaleMetadata", true) !== null;

type Written = { readonly partition: number; readonly offset: bigint };

/** What a failed produce request wrote all the same: a request fails as a whole when one partition of it does. */
export function writtenDespite(error: unknown): readonly Written[] {
  if (!(error instanceof Error)) return [];
  const { produced, response, errors } = error as GenericError;
  const here: Written[] = [...(produced?.offsets ?? [])];
  for (const topic of response?.responses ?? []) {
    for (const { index, errorCode, baseOffset } of topic.partitionResponses ?? []) {
      if (errorCode === 0) here.push({ partition: index, offset: baseOffset });
    }
  }
  return [...here, ...((errors as unknown[] | undefined) ?? []).flatMap(writtenDespite)];
}
