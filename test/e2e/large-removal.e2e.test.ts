import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisKeys } from "../../backends/prefixes.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { holdings } from "./holdings.ts";
import { type Kind, requestOf, resourcesOf } from "./kinds.ts";
import { member } from "./request.ts";

const patienceMs = 300_000;
const keys = 200_000;
const objects = soaking ? 20_000 : 2_000;
const atOnce = 50;

describe("a worker that is killed in the middle of a large removal", () => {
  let prism: TestPrism;
  let alice: Control;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
  });
  afterAll(() => prism?.close());

  const created = async (kind: Kind): Promise<string> => {
    const namespace = prism.name(kind);
    const { status } = await alice.namespaces.create(requestOf(kind, namespace), { waitSeconds: 60 });
    expect(status).toBe("active");
    return namespace;
  };
  const configOf = (kind: Kind, namespace: string, backend: string) =>
    resourcesOf(kind, namespace).find((each) => each.backend === backend)?.config ?? expect.fail();

  /** Deletes it, and kills the worker once `fewer` are left; another one ends it without a word from anybody. */
  const deleted = async (namespace: string, fewer: () => Promise<boolean>, left: () => Promise<unknown>) => {
    const { operation } = await alice.namespaces.delete(namespace, { confirm: namespace });
    await until(fewer, patienceMs, 5);
    await prism.processes.stop("worker", "SIGKILL");
    expect(await left()).toBeTruthy();
    await prism.processes.start("worker", {});
    const state = async () => (await alice.operations.get(operation?.id ?? "")).state;
    await until(async () => (await state()) === "succeeded", patienceMs);
    expect(await left()).toBeFalsy();
    expect(await holdings(prism.environment, namespace)).toEqual([]);
    const { items } = await alice.namespaces.history(namespace);
    expect(items.filter(({ type }) => type === "NamespaceDeleted")).toHaveLength(1);
  };

  it(`of ${keys} keys: another removes the rest`, async () => {
    const namespace = await created("profiles");
    const { prefix } = configOf("profiles", namespace, "redis") as { prefix: string };
    const admin = new Redis(prism.environment["PRISM_REDIS_URL"] ?? "");
    const fill = `for i = 1, 20000 do redis.call('set', KEYS[1] .. ARGV[1] .. ':' .. i, 'value') end`;
    const mine = redisKeys(prefix, { namespace, incarnation: 1 });
    for (let part = 0; part < keys / 20_000; part++) await admin.eval(fill, 1, mine, part);
    const count = async (): Promise<number> => {
      let [found, cursor] = [0, "0"];
      do {
        const [next, some] = await admin.scan(cursor, "MATCH", `${mine}*`, "COUNT", 10_000);
        [found, cursor] = [found + some.length, next];
      } while (cursor !== "0");
      return found;
    };
    expect(await count()).toBeGreaterThanOrEqual(keys);
    const all = await admin.dbsize();
    await deleted(namespace, async () => (await admin.dbsize()) < all - keys / 20, count);
    admin.disconnect();
  }, 600_000);

  it(`of ${objects} objects: another removes the rest`, async () => {
    const namespace = await created("videos");
    const { bucket, prefix } = configOf("videos", namespace, "s3") as { bucket: string; prefix: string };
    const admin = new S3Client({
      endpoint: prism.environment["PRISM_S3_ENDPOINT"] ?? "",
      region: "us-east-1",
      forcePathStyle: true,
      credentials: {
        accessKeyId: prism.environment["PRISM_S3_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: prism.environment["PRISM_S3_SECRET_ACCESS_KEY"] ?? "",
      },
    });
    const put = (index: number) => {
      const Key = `1/${prefix}${String(index).padStart(6, "0")}`;
      return admin.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "object" }));
    };
    for (let from = 0; from < objects; from += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, objects - from) }, (_, at) => put(from + at)));
    const first = async (): Promise<string | undefined> => {
      const listing = new ListObjectsV2Command({ Bucket: bucket, Prefix: `1/${prefix}`, MaxKeys: 1 });
      const gone = { Contents: [] };
      return (await admin.send(listing).catch(() => gone)).Contents?.[0]?.Key;
    };
    const front = await first();
    expect(front).toContain("000000");
    await deleted(namespace, async () => (await first()) !== front, first);
    admin.destroy();
  }, 600_000);
});
