import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
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

    async get(key: string, signal: AbortSignal): Promise<Uint8Array> {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
          abortSignal: signal,
        });
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (cause) {
        throw unavailable("S3", `give ${key} of ${bucket}`, cause);
      }
    },

    close: () => client.destroy(),
  };
}
