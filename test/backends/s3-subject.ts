import {
  CreateBucketCommand,
  DeleteBucketCommand,
  HeadBucketCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { logins } from "../../backends/logins.ts";
import { s3 } from "../../backends/s3.ts";
import type { S3Address } from "../../backends/s3-client.ts";
import type { Resource } from "../../domain/plan.ts";
import { freshName, type Subject } from "./contract.ts";

export const common = { logins: logins("a secret of this test"), deadlineMs: 15_000 };

/** The plain client of S3; without retries, so that a refusal is seen at once. */
export const clientOf = ({ endpoint, region, ...credentials }: S3Address): S3Client =>
  new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });

export const prefixOf = (bucket: string, prefix = "claims/"): Resource => ({
  backend: "s3",
  kind: "bucket-prefix",
  name: `${bucket}/${prefix}`,
  config: { bucket, prefix },
});

const bucketOf = (resource: Resource): string => (resource.config as { bucket: string }).bucket;

export async function s3Subject(address: S3Address): Promise<Subject> {
  const own = clientOf(address);
  const backend = s3({ ...common, address });
  return {
    backend,
    resource: () => prefixOf(freshName("prism-").toLowerCase()),
    meddle: async (resource) => {
      const Bucket = bucketOf(resource);
      const open = {
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${Bucket}/*`,
      };
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [open] });
      await own.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      const Rules = [{ ObjectOwnership: "ObjectWriter" as const }];
      await own.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }));
      return ["policy", "ownership"];
    },
    plant: async (resource) => void (await own.send(new CreateBucketCommand({ Bucket: bucketOf(resource) }))),
    exists: (resource) =>
      own.send(new HeadBucketCommand({ Bucket: bucketOf(resource) })).then(
        () => true,
        () => false,
      ),
    write: async (resource, Body) => {
      const { bucket: Bucket, prefix } = resource.config as { bucket: string; prefix: string };
      await own.send(new PutObjectCommand({ Bucket, Key: `2/${prefix}a`, Body }));
    },
    uproot: async (resource) =>
      void (await own.send(new DeleteBucketCommand({ Bucket: bucketOf(resource) }))),
    open: (deadlineMs, port) => {
      const endpoint = port === undefined ? address.endpoint : `http://127.0.0.1:${port}`;
      return s3({ ...common, address: { ...address, endpoint }, deadlineMs });
    },
    close: async () => {
      own.destroy();
      await backend.close();
    },
  };
}
