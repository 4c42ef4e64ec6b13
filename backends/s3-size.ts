import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import type { Size } from "./backend.ts";
import type { S3Call } from "./s3-client.ts";
import type { Timed } from "./timed.ts";

/** Of 1,000 objects each. S3 counts nothing by itself, and a list costs money. */
const mostPages = 100;
/** Half of what a sweep has for all: who used up the whole would be cut off, and the first of the next, for ever. */
const mostListingMs = 10_000;

export const s3Size = (client: S3Client, call: S3Call, mostMs = mostListingMs) => ({
  /** Bytes of the objects that begin so; where there are more than are listed, of those that were: a lower bound. */
  async size(bucket: string, prefix: string, timed: Timed): Promise<Size> {
    let bytes = 0;
    let from: string | undefined;
    const until = performance.now() + mostMs;
    for (let pages = 1; pages <= mostPages; pages++) {
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: from });
      const listed = await call(
        `list objects of ${bucket}`,
        timed,
        (abortSignal) => client.send(command, { abortSignal }),
        "NoSuchBucket",
      );
      for (const { Size: size } of listed?.Contents ?? []) bytes += size ?? 0;
      from = listed?.NextContinuationToken;
      if (from === undefined) return { bytes, estimated: false };
      if (performance.now() > until) break;
    }
    return { bytes, estimated: true };
  },
});
