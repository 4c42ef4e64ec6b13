import { S3Client } from "@aws-sdk/client-s3";

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
