import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { S3Call } from "./s3-client.ts";
import type { Timed } from "./timed.ts";

/** What a client that died left half-uploaded is dropped after so many days. */
export const staleDays = 1;

const staleRule = {
  ID: "prism-stale-uploads",
  Status: "Enabled",
  Filter: { Prefix: "" },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: staleDays },
} satisfies LifecycleRule;

const isStaleRule = ({ ID, Status, Filter, AbortIncompleteMultipartUpload: abort }: LifecycleRule): boolean =>
  ID === staleRule.ID &&
  Status === staleRule.Status &&
  (Filter?.Prefix ?? "") === "" &&
  abort?.DaysAfterInitiation === staleDays;

/** The one rule that Prism has in a bucket. */
export function s3Lifecycle(client: S3Client, call: S3Call) {
  /** The rules that it has; `undefined`: this server knows none. */
  const lifecycle = async (bucket: string, timed: Timed): Promise<readonly LifecycleRule[] | undefined> => {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    const answer = await call(
      `show the lifecycle of ${bucket}`,
      timed,
      (abortSignal) =>
        client.send(command, { abortSignal }).catch((error: unknown) => {
          if ((error as Error).name === "NoSuchLifecycleConfiguration") return { Rules: [] };
          throw error;
        }),
      "NotImplemented",
    );
    return answer && (answer.Rules ?? []);
  };

  return {
    /** Whether stale uploads are dropped by the server; `undefined`: it cannot, so that we have to. */
    async dropsStale(bucket: string, timed: Timed): Promise<boolean | undefined> {
      return (await lifecycle(bucket, timed))?.some(isStaleRule);
    },

    /** By a rule beside those that it has. `false`: it cannot, so that we have to. */
    async dropStaleByRule(bucket: string, timed: Timed): Promise<boolean> {
      const held = await lifecycle(bucket, timed);
      if (held === undefined || held.some(isStaleRule)) return held !== undefined;
      const Rules = [...held.filter(({ ID }) => ID !== staleRule.ID), staleRule];
      const command = new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket,
        LifecycleConfiguration: { Rules },
      });
      const set = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
      return (await call(`set the lifecycle of ${bucket}`, timed, set, "NotImplemented")) !== undefined;
    },
  };
}
