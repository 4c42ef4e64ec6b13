import { setTimeout as delay } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Ask } from "./ask.ts";
import { s3Call } from "./s3-client.ts";
import { s3Lifecycle, staleDays } from "./s3-lifecycle.ts";
import { s3Size } from "./s3-size.ts";
import type { Timed } from "./timed.ts";

const page = 1_000;
const firstPauseMs = 5;
const longestPauseMs = 640;
const staleMs = staleDays * 86_400_000;
const ownership = "BucketOwnerEnforced";

/** The calls of S3 that Prism makes, each with the refusals that are answers to it. */
export function s3Buckets(client: S3Client, ask: Ask) {
  const call = s3Call(ask);

  const keys = async (
    bucket: string,
    prefix: string,
    timed: Timed,
    most = page,
  ): Promise<readonly string[]> => {
    const listed = await call(
      `list objects of ${bucket}`,
      timed,
      (abortSignal) =>
        client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: most }), {
          abortSignal,
        }),
      "NoSuchBucket",
    );
    return (listed?.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  };

  return {
    keys,
    ...s3Lifecycle(client, call),
    ...s3Size(client, call),

    async all(timed: Timed): Promise<readonly string[]> {
      const answer = await call("list its buckets", timed, (abortSignal) =>
        client.send(new ListBucketsCommand({}), { abortSignal }),
      );
      return (answer?.Buckets ?? []).flatMap(({ Name }) => (Name === undefined ? [] : [Name]));
    },

    /** Tags by name; empty: none; `undefined`: no such bucket. */
    async tags(bucket: string, timed: Timed): Promise<ReadonlyMap<string, string> | undefined> {
      try {
        const answer = await call(
          `show the tags of ${bucket}`,
          timed,
          (abortSignal) => client.send(new GetBucketTaggingCommand({ Bucket: bucket }), { abortSignal }),
          "NoSuchTagSet",
        );
        return new Map((answer?.TagSet ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
      } catch (error) {
        if (((error as Error).cause as Error | undefined)?.name === "NoSuchBucket") return undefined;
        throw error;
      }
    },

    async create(bucket: string, timed: Timed): Promise<void> {
      const command = new CreateBucketCommand({ Bucket: bucket, ObjectOwnership: ownership });
      await call(
        `make bucket ${bucket}`,
        timed,
        // versitygw's word to who loses a race, until the winner has written who owns it.
        (abortSignal) => despite("InternalError", abortSignal, () => client.send(command, { abortSignal })),
        "BucketAlreadyOwnedByYou",
        "BucketAlreadyExists",
      );
    },

    /** Beside the tags that it has: others may count their costs by them. */
    async tag(bucket: string, key: string, value: string, timed: Timed): Promise<void> {
      const held = (await this.tags(bucket, timed)) ?? new Map<string, string>();
      if (held.get(key) === value) return;
      const TagSet = [...new Map(held).set(key, value)].map(([Key, Value]) => ({ Key, Value }));
      await call(`tag bucket ${bucket}`, timed, (abortSignal) =>
        client.send(new PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet } }), { abortSignal }),
      );
    },

    /** Text of an object; `undefined` where it is not there. */
    read: (bucket: string, key: string, timed: Timed): Promise<string | undefined> =>
      ask(`read ${key} of ${bucket}`, timed, async () => {
        try {
          const command = new GetObjectCommand({ Bucket: bucket, Key: key });
          const { Body } = await client.send(command, { abortSignal: timed.signal });
          return await Body?.transformToString();
        } catch (error) {
          if (["NoSuchKey", "NoSuchBucket"].includes((error as Error).name)) return undefined;
          throw error;
        }
      }),

    /** Who writes first has it; everybody else changes nothing. */
    async writeOnce(bucket: string, key: string, text: string, timed: Timed): Promise<void> {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, IfNoneMatch: "*" });
      await call(
        `write ${key} of ${bucket}`,
        timed,
        // versitygw's word where a removal beside it has just taken the folder that it was to be written into.
        (abortSignal) =>
          despite("ExistingObjectIsDirectory", abortSignal, () => client.send(command, { abortSignal })),
        "PreconditionFailed",
        "ConditionalRequestConflict",
      );
    },

    async policy(bucket: string, timed: Timed): Promise<string | undefined> {
      const answer = await call(
        `show the policy of ${bucket}`,
        timed,
        (abortSignal) => client.send(new GetBucketPolicyCommand({ Bucket: bucket }), { abortSignal }),
        "NoSuchBucketPolicy",
        "NoSuchBucket",
      );
      return answer?.Policy;
    },

    async setPolicy(bucket: string, policy: string | undefined, timed: Timed): Promise<void> {
      await call(
        `set the policy of ${bucket}`,
        timed,
        (abortSignal): Promise<unknown> =>
          policy === undefined
            ? client.send(new DeleteBucketPolicyCommand({ Bucket: bucket }), { abortSignal })
            : client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }), { abortSignal }),
        "NoSuchBucketPolicy",
        "NoSuchBucket",
      );
    },

    /** Who owns what others put there; the bucket's owner, unless somebody changed it. */
    async ownership(
      bucket: string,
      timed: Timed,
    ): Promise<{ readonly planned: string; readonly actual: string }> {
      const answer = await call(
        `show the ownership of ${bucket}`,
        timed,
        (abortSignal) =>
          client.send(new GetBucketOwnershipControlsCommand({ Bucket: bucket }), { abortSignal }),
        "OwnershipControlsNotFoundError",
        "NotImplemented",
      );
      const actual = answer?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? ownership;
      return { planned: ownership, actual };
    },

    async setOwnership(bucket: string, timed: Timed): Promise<void> {
      const OwnershipControls = { Rules: [{ ObjectOwnership: ownership } as const] };
      await call(
        `set the ownership of ${bucket}`,
        timed,
        (abortSignal) =>
          client.send(new PutBucketOwnershipControlsCommand({ Bucket: bucket, OwnershipControls }), {
            abortSignal,
          }),
        "NotImplemented",
      );
    },

    /** Drops uploads that nobody finished; `olderThanMs`: only those that nobody can still be at. */
    async abortUploads(bucket: string, prefix: string, timed: Timed, olderThanMs = staleMs): Promise<void> {
      const listed = await call(
        `list uploads to ${bucket}`,
        timed,
        (abortSignal) =>
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }), { abortSignal }),
        "NoSuchBucket",
        "NotImplemented",
      );
      for (const { Key, UploadId, Initiated } of listed?.Uploads ?? []) {
        if (Key?.startsWith(prefix) !== true || UploadId === undefined) continue;
        if (Date.now() - (Initiated?.getTime() ?? 0) < olderThanMs) continue;
        const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId });
        const dropped = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
        await call(`drop an upload to ${bucket}`, timed, dropped, "NoSuchUpload");
      }
    },

    /** In pages, from the front each time: what is cut off goes on where it was. */
    async empty(bucket: string, prefix: string, timed: Timed): Promise<void> {
      for (;;) {
        const found = await keys(bucket, prefix, timed);
        if (found.length === 0) return;
        const Delete = { Objects: found.map((Key) => ({ Key })), Quiet: true };
        const answer = await call(`remove objects of ${bucket}`, timed, (abortSignal) =>
          client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }), { abortSignal }),
        );
        // An attempt that was cut off may still be at it.
        const failed = answer?.Errors?.find(({ Code }) => Code !== "NoSuchKey");
        if (failed !== undefined) {
          const refused = () => Promise.reject(new Error(`${failed.Key}: ${failed.Code}`));
          await ask(`remove objects of ${bucket}`, timed, refused);
        }
      }
    },

    /** Where it is empty; what somebody else has in it stays. */
    async drop(bucket: string, timed: Timed): Promise<void> {
      await call(
        `delete bucket ${bucket}`,
        timed,
        (abortSignal) => client.send(new DeleteBucketCommand({ Bucket: bucket }), { abortSignal }),
        "NoSuchBucket",
        "BucketNotEmpty",
      );
    },
  };
}

/** Asks again, but not for long, where the server refuses in a word that says that somebody else is at it too. */
async function despite<T>(refusal: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let pause = firstPauseMs; ; pause *= 2) {
    try {
      return await ask();
    } catch (error) {
      if ((error as Error).name !== refusal || pause > longestPauseMs) throw error;
      await delay(pause, undefined, { signal });
    }
  }
}

export type S3Buckets = ReturnType<typeof s3Buckets>;
