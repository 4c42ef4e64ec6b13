import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { s3 } from "../../backends/s3.ts";
import { s3Users } from "../../backends/s3-admin.ts";
import type { S3Address } from "../../backends/s3-client.ts";
import { s3Bucket } from "../../domain/selection/names.ts";
import { s3 as s3Server } from "../../stack/s3.ts";
import { soaking } from "../eventstore/soaking.ts";
import { backendContract, freshName } from "./contract.ts";
import { type OwnServer, ownServer } from "./own-server.ts";
import { clientOf, common, prefixOf, s3Subject } from "./s3-subject.ts";
import { waitsDuring } from "./waits.ts";

const shared: S3Address = {
  endpoint: process.env["PRISM_S3_ENDPOINT"] ?? "",
  region: "us-east-1",
  accessKeyId: process.env["PRISM_S3_ACCESS_KEY_ID"] ?? "",
  secretAccessKey: process.env["PRISM_S3_SECRET_ACCESS_KEY"] ?? "",
};
const call = (namespace: string, incarnation = 1) => ({
  owner: { namespace, incarnation },
  claim: { intended: true },
  signal: new AbortController().signal,
});

let server: OwnServer;
let address: S3Address;
let backend: Backend;
let admin: S3Client;
beforeAll(async () => {
  server = await ownServer(s3Server, async (_, args) => args);
  address = {
    ...shared,
    endpoint: `http://127.0.0.1:${server.place.ports["server"]}`,
    secretAccessKey: server.place.secret,
    accessKeyId: "prism",
  };
  backend = s3({ ...common, address });
  admin = clientOf(address);
});
afterAll(async () => {
  admin?.destroy();
  await backend?.close();
  await server?.close();
});

backendContract("an S3 prefix", () => s3Subject(shared));
backendContract("an S3 prefix where the server makes users", () => s3Subject(address));

describe("a namespace with the S3 client and its own login", () => {
  const ours = "ours";
  const theirs = "theirs";
  const bucket = s3Bucket(ours);
  const other = s3Bucket(theirs);
  const opened: S3Client[] = [];
  const as = (namespace: string, incarnation = 1): S3Client => {
    const { user, password } = common.logins("s3", { namespace, incarnation });
    const client = clientOf({ ...address, accessKeyId: user, secretAccessKey: password });
    opened.push(client);
    return client;
  };

  beforeAll(async () => {
    for (const namespace of [ours, theirs]) {
      const made = await backend.ensure(prefixOf(s3Bucket(namespace)), call(namespace));
      expect(made.login).toEqual({ user: `prism.${namespace}.1` });
    }
    await admin.send(new PutObjectCommand({ Bucket: other, Key: "1/claims/secret", Body: "theirs" }));
  });
  afterAll(() => {
    for (const client of opened) client.destroy();
  });

  it("reads, writes and lists what is its own", async () => {
    const client = as(ours);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: "1/claims/a", Body: "mine" }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: "1/claims/a" }));
    expect(await Body?.transformToString()).toBe("mine");
    const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "1/" }));
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(["1/claims/a"]);
  });

  const secret = { Bucket: other, Key: "1/claims/secret" };
  const source = `${other}/1/claims/secret`;
  const stolen = { Bucket: bucket, Key: "1/claims/stolen" };
  const attributes = { ...secret, ObjectAttributes: ["ObjectSize" as const] };
  it.each([
    ["read", (client: S3Client) => client.send(new GetObjectCommand(secret))],
    ["measured", (client: S3Client) => client.send(new HeadObjectCommand(secret))],
    ["written", (client: S3Client) => client.send(new PutObjectCommand({ ...secret, Body: "x" }))],
    ["deleted", (client: S3Client) => client.send(new DeleteObjectCommand(secret))],
    ["begun to be written", (client: S3Client) => client.send(new CreateMultipartUploadCommand(secret))],
    ["described", (client: S3Client) => client.send(new GetObjectAttributesCommand(attributes))],
    ["known by its label", (client: S3Client) => client.send(new GetObjectTaggingCommand(secret))],
    ["copied", (client: S3Client) => client.send(new CopyObjectCommand({ ...stolen, CopySource: source }))],
    ["known to be there", (client: S3Client) => client.send(new HeadBucketCommand({ Bucket: other }))],
    ["removed", (client: S3Client) => client.send(new DeleteBucketCommand({ Bucket: other }))],
    ["listed by the old call", (client: S3Client) => client.send(new ListObjectsCommand({ Bucket: other }))],
    [
      "listed by version",
      (client: S3Client) => client.send(new ListObjectVersionsCommand({ Bucket: other })),
    ],
    ["listed", (client: S3Client) => client.send(new ListObjectsV2Command({ Bucket: other }))],
    [
      "listed by prefix",
      (client: S3Client) => client.send(new ListObjectsV2Command({ Bucket: other, Prefix: "1/" })),
    ],
    [
      "listed as uploads",
      (client: S3Client) => client.send(new ListMultipartUploadsCommand({ Bucket: other })),
    ],
    ["known by its tags", (client: S3Client) => client.send(new GetBucketTaggingCommand({ Bucket: other }))],
    ["known by its policy", (client: S3Client) => client.send(new GetBucketPolicyCommand({ Bucket: other }))],
    [
      "opened to it",
      (client: S3Client) => client.send(new PutBucketPolicyCommand({ Bucket: other, Policy: "{}" })),
    ],
  ])("what is another's cannot be %s", (_, doing) =>
    expect(doing(as(ours))).rejects.toSatisfy(
      (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode === 403,
    ),
  );

  it("is not read in parts either, nor removed among many", async () => {
    const client = as(ours);
    const { UploadId = "" } = await client.send(new CreateMultipartUploadCommand(stolen));
    const part = { ...stolen, UploadId, PartNumber: 1, CopySource: source };
    await expect(client.send(new UploadPartCopyCommand(part))).rejects.toThrow();
    const many = { Bucket: other, Delete: { Objects: [{ Key: secret.Key }] } };
    const answer = await client.send(new DeleteObjectsCommand(many)).catch(() => ({ Deleted: undefined }));
    expect(answer.Deleted ?? []).toEqual([]);
    const { Body } = await admin.send(new GetObjectCommand(secret));
    expect(await Body?.transformToString()).toBe("theirs");
    await client.send(new AbortMultipartUploadCommand({ ...stolen, UploadId }));
  });

  it("sees no bucket but its own, and makes none", async () => {
    const listed = await as(ours).send(new ListBucketsCommand({}));
    expect((listed.Buckets ?? []).map(({ Name }) => Name)).not.toContain(other);
    await expect(as(ours).send(new CreateBucketCommand({ Bucket: "prism-new" }))).rejects.toThrow();
  });

  it("does not reach what its own next life has, nor who owns what", async () => {
    const reading = (Key: string) => as(ours).send(new GetObjectCommand({ Bucket: bucket, Key }));
    await expect(reading("12/claims/a")).rejects.toThrow();
    await expect(reading("prism-owner/claims/owner")).rejects.toThrow();
  });

  it("has another login when its name is used again, and the old one opens nothing", async () => {
    const again = prefixOf(s3Bucket("again"));
    const object = { Bucket: s3Bucket("again"), Key: "1/claims/a" };
    await backend.ensure(again, call("again", 1));
    await as("again", 1).send(new PutObjectCommand({ ...object, Body: "of the first life" }));
    await backend.remove(again, call("again", 1));
    await backend.ensure(again, call("again", 2));
    await expect(as("again", 1).send(new GetObjectCommand(object))).rejects.toThrow();
    await expect(as("again", 2).send(new GetObjectCommand(object))).rejects.toThrow();
    const listed = await as("again", 2).send(
      new ListObjectsV2Command({ Bucket: object.Bucket, Prefix: "2/" }),
    );
    expect(listed.KeyCount).toBe(0);
    await backend.remove(again, call("again", 2));
  });
});

describe("buckets and their names", () => {
  it.each([
    ["64 characters", "x".repeat(64)],
    ["64 characters, the last of them another", `${"x".repeat(63)}y`],
    ["a hyphen", "a-b"],
    ["no hyphen", "ab"],
    ["a word that S3 keeps for itself", "sthree-configurator"],
  ])("a namespace may be called by %s", async (_, name) => {
    const resource = prefixOf(s3Bucket(name));
    const { identity } = await backend.ensure(resource, call(name));
    expect(await backend.observe(resource, call(name))).toEqual({ state: "ready", identity });
    expect(await backend.remove(resource, call(name))).toEqual({ removed: true });
  });

  it("a bucket goes with the last of its prefixes", async () => {
    const [claims, tiers] = [prefixOf("prism-both", "claims/"), prefixOf("prism-both", "tiers/")];
    await Promise.all([claims, tiers].map((resource) => backend.ensure(resource, call("both"))));
    await admin.send(new PutObjectCommand({ Bucket: "prism-both", Key: "1/tiers/a", Body: "cold" }));
    await backend.remove(claims, call("both"));
    expect(await backend.observe(tiers, call("both"))).toMatchObject({ state: "ready" });
    await admin.send(new HeadObjectCommand({ Bucket: "prism-both", Key: "1/tiers/a" }));
    await backend.remove(tiers, call("both"));
    const { Buckets } = await admin.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).not.toContain("prism-both");
  });

  it("prefixes that are removed side by side leave no login, nor do those of a life that is over", async () => {
    const question = <T>(_what: string, _timed: unknown, ask: () => Promise<T>) => ask();
    const { signal } = call("any");
    const timed = { signal, throwIfOver: () => {}, leftMs: () => 10_000, answered: () => {} };
    const logins = async (namespace: string) =>
      [...((await s3Users(address, question).list(timed)) ?? [])].filter((user) => user.includes(namespace));
    const sideBySide = (life: number, verb: "ensure" | "remove", bucket: string, namespace: string) =>
      Promise.all(
        ["claims/", "tiers/"].map((prefix) => backend[verb](prefixOf(bucket, prefix), call(namespace, life))),
      );
    for (let round = 1; round <= 20; round++) {
      const namespace = `pair-${round}-of-them`;
      const bucket = s3Bucket(namespace);
      await sideBySide(1, "ensure", bucket, namespace);
      await sideBySide(2, "ensure", bucket, namespace);
      expect(await logins(namespace)).toEqual([`prism.${namespace}.2`]);
      await sideBySide(2, "remove", bucket, namespace);
      expect(await logins(namespace)).toEqual([]);
    }
  }, 120_000);

  it("one that another namespace has is not taken, nor one that a crash left untagged", async () => {
    await admin.send(new CreateBucketCommand({ Bucket: "prism-crashed" }));
    const crashed = prefixOf("prism-crashed");
    expect(await backend.observe(crashed, call("crashed"))).toEqual({ state: "absent" });
    await backend.ensure(crashed, call("crashed"));
    await expect(backend.ensure(crashed, call("others"))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
    expect(await backend.remove(crashed, call("others"))).toEqual({ removed: false });
    await backend.remove(crashed, call("crashed"));
  });

  it("one that another prefix of the namespace has just made, and not tagged yet, is no stranger's", async () => {
    await admin.send(new CreateBucketCommand({ Bucket: "prism-beside" }));
    const tiers = prefixOf("prism-beside", "tiers/");
    const { claim, ...rest } = call("beside");
    const unknown = { ...rest, claim: { ...claim, intended: false } };
    expect(await backend.observe(tiers, unknown)).toMatchObject({ state: "foreign" });
    const known = { ...rest, claim: { ...unknown.claim, beside: true } };
    expect(await backend.observe(tiers, known)).toEqual({ state: "absent" });
    await backend.remove(tiers, call("beside"));
  });

  it("uploads that nobody finished go with the prefix", async () => {
    const resource = prefixOf("prism-unfinished");
    await backend.ensure(resource, call("unfinished"));
    const upload = { Bucket: "prism-unfinished", Key: "1/claims/half" };
    const { UploadId } = await admin.send(new CreateMultipartUploadCommand(upload));
    // One that is still going on is not stale.
    await backend.ensure(resource, call("unfinished"));
    const listed = await admin.send(new ListMultipartUploadsCommand({ Bucket: upload.Bucket }));
    expect(listed.Uploads?.map((each) => each.UploadId)).toEqual([UploadId]);
    expect(await backend.remove(resource, call("unfinished"))).toEqual({ removed: true });
    const gone = admin.send(new AbortMultipartUploadCommand({ ...upload, UploadId: UploadId ?? "" }));
    await expect(gone).rejects.toThrow();
  });
});

/** 20,000 in `npm run soak`. */
const parts = soaking ? 20 : 4;
const patienceMs = 600_000;

describe("a namespace of thousands of objects", () => {
  it(
    "is removed without making others wait, and goes on where it was cut off",
    async () => {
      const name = freshName("large-");
      const resource = prefixOf(s3Bucket(name));
      await backend.ensure(resource, call(name));
      // As files: through the door it would take longer than the test.
      const folder = join(server.place.folder, "buckets", s3Bucket(name), "1", "claims");
      for (let part = 0; part < parts; part++) {
        await mkdir(join(folder, `${part}`), { recursive: true });
        const files = Array.from({ length: 1_000 }, (_, index) => join(folder, `${part}`, `${index}`));
        await Promise.all(files.map((file) => writeFile(file, "object")));
      }
      const first = async () => {
        const listing = new ListObjectsV2Command({ Bucket: s3Bucket(name), Prefix: "1/", MaxKeys: 1 });
        return (await admin.send(listing)).Contents?.[0]?.Key;
      };
      const front = await first();
      const killed = new AbortController();
      const cut = backend.remove(resource, { ...call(name), signal: killed.signal });
      cut.catch(() => {});
      await expect.poll(first, { interval: 10, timeout: patienceMs }).not.toBe(front);
      killed.abort(new Error("killed"));
      await expect(cut).rejects.toThrow("killed");
      expect(await first()).toBeDefined();

      const list = () => admin.send(new ListBucketsCommand({}));
      const calm = await waitsDuring(pause(1_000), list);
      const removal = backend.remove(resource, call(name));
      const during = await waitsDuring(removal, list);
      expect(await removal).toEqual({ removed: true });
      // Where others are busy, everybody waits without it, too.
      expect(during).toBeLessThan(500 + 5 * calm);
      expect(await backend.observe(resource, call(name))).toEqual({ state: "absent" });
    },
    patienceMs,
  );
});
