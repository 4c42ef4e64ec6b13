import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Ask } from "./ask.ts";
import type { Credentials } from "./logins.ts";
import type { Timed } from "./timed.ts";

export type S3Address = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** A client that gives up in time and repeats nothing. */
export const s3Client = (address: S3Address, deadlineMs: number): S3Client =>
  new S3Client({
    endpoint: address.endpoint,
    region: address.region,
    credentials: address,
    forcePathStyle: true,
    // Temporal repeats, visibly.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: deadlineMs,
      requestTimeout: deadlineMs,
      // It would only be warned of otherwise, and wait on.
      throwOnRequestTimeout: true,
    },
  });

/** Whether S3 knows a login by this password; what it may do is another question. */
export const s3Lets =
  (address: S3Address, deadlineMs: number, ask: Ask) =>
  async ({ user, password }: Credentials, bucket: string, prefix: string, timed: Timed): Promise<boolean> => {
    const client = s3Client({ ...address, accessKeyId: user, secretAccessKey: password }, deadlineMs);
    const listing = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    try {
      return await ask(`let ${user} in`, timed, () =>
        client.send(listing, { abortSignal: timed.signal }).then(
          () => true,
          (error: Error) => {
            if (isUnknownLogin(error.name)) return false;
            if (["AccessDenied", "NoSuchBucket"].includes(error.name)) return true;
            throw error;
          },
        ),
      );
    } finally {
      client.destroy();
    }
  };

/** S3's words for a login that it does not know, or not by this secret. */
export const isUnknownLogin = (code: string): boolean =>
  ["InvalidAccessKeyId", "SignatureDoesNotMatch"].includes(code);

/** `unless`: refusals by name that mean "there is none". */
export type S3Call = <T>(
  what: string,
  timed: Timed,
  send: (abortSignal: AbortSignal) => Promise<T>,
  ...unless: readonly string[]
) => Promise<T | undefined>;

export const s3Call =
  (ask: Ask): S3Call =>
  (what, timed, send, ...unless) =>
    ask(what, timed, () =>
      send(timed.signal).catch((error: unknown) => {
        if (error instanceof Error && unless.includes(error.name)) return undefined;
        throw error;
      }),
    );
