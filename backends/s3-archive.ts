import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { unavailable } from "./ask.ts";
import { type S3Address, s3Client } from "./s3-client.ts";

export type S3ArchiveOptions = {
  readonly address: S3Address;
  readonly bucket: string;
  readonly deadlineMs: number;
};

/** A bucket of the platform's own, where the histories of deleted namespaces are kept. */
export function s3Archive({ address, bucket, deadlineMs }: S3ArchiveOptions) {
  const client = s3Client(address, deadlineMs);
  let isThere = false;

  const make = async (abortSignal: AbortSignal): Promise<void> => {
    if (isThere) return;
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }), { abortSignal });
    } catch (error) {
      const { name } = error as { name?: string };
      if (name !== "BucketAlreadyOwnedByYou" && name !== "BucketAlreadyExists") throw error;
    }
    isThere = true;
  };

  return {
    /** Leaves `body` under `key`, also where it is there already; S3 checks what arrived by its checksum. */
    async put(key: string, body: Uint8Array, signal: AbortSignal): Promise<{ readonly bucket: string }> {
      try {
        await make(signal);
        const object = { Bucket: bucket, Key: key, Body: body, ChecksumAlgorithm: "SHA256" } as const;
        await client.send(new PutObjectCommand(object), { abortSignal: signal });
        return { bucket };
      } catch (cause) {
        throw unavailable("S3", `keep ${key} in ${bucket}`, cause);
      }
    },

    /** `undefined` where nothing is kept under `key`; `from`: a bucket of earlier times. */
    async get(key: string, signal: AbortSignal, from = bucket): Promise<Uint8Array | undefined> {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: from, Key: key }), {
          abortSignal: signal,
        });
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (cause) {
        if (isMissing(cause)) return undefined;
        throw unavailable("S3", `give ${key} of ${from}`, cause);
      }
    },

    /** All that begin with `prefix`, in the order of their names. */
    async keys(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
      const keys: string[] = [];
      try {
        for (let next: string | undefined, more = true; more; more = next !== undefined) {
          const page = { Bucket: bucket, Prefix: prefix, ContinuationToken: next };
          const answer = await client.send(new ListObjectsV2Command(page), { abortSignal: signal });
          keys.push(...(answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
          next = answer.NextContinuationToken;
        }
        return keys.sort();
      } catch (cause) {
        if (isMissing(cause)) return [];
        throw unavailable("S3", `list ${prefix} in ${bucket}`, cause);
      }
    },

    close: () => client.destroy(),
  };
}

const isMissing = (error: unknown): boolean =>
  ["NoSuchKey", "NoSuchBucket", "NotFound"].includes((error as { name?: string }).name ?? "");
