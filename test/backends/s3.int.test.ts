import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { s3Users } from "../../backends/s3-admin.ts";
import type { S3Address } from "../../backends/s3-client.ts";
import { s3Bucket } from "../../domain/selection/names.ts";
import { soaking } from "../eventstore/soaking.ts";
import { callOf as call } from "./call-of.ts";
import { backendContract, freshName } from "./contract.ts";
import { type OwnS3, ownS3, shared } from "./own-s3.ts";
import { removedDespite } from "./removed-despite.ts";
import { prefixOf, s3Subject } from "./s3-subject.ts";
import { waitsDuring } from "./waits.ts";

let address: S3Address;
let backend: Backend;
let admin: S3Client;
let own: OwnS3;
beforeAll(async () => {
  own = await ownS3();
  ({ address, backend, admin } = own);
});
afterAll(() => own?.close());

backendContract("an S3 prefix", () => s3Subject(shared));
backendContract("an S3 prefix where the server makes users", () => s3Subject(address));

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

  it("one that S3 makes only after all was removed is removed too, and the name is free", async () => {
    const late = prefixOf("prism-late");
    await backend.ensure(late, call("late"));
    const buckets = async () =>
      (await admin.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name);
    const makes = async () => {
      await expect.poll(buckets).not.toContain("prism-late");
      await admin.send(new CreateBucketCommand({ Bucket: "prism-late" }));
    };
    expect(await removedDespite(makes, backend, late, call("late"))).toEqual({ removed: true });
    expect(await buckets()).not.toContain("prism-late");
    const next = { ...call("late", 2), claim: { intended: false } };
    expect(await backend.observe(late, next)).toEqual({ state: "absent" });
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

/** Who removes thousands of objects is killed when a thousand are gone, and the next are about to go. */
function killedAtItsSecondPage(killed: AbortController) {
  const { send } = S3Client.prototype;
  let pages = 0;
  const sending = function (this: S3Client, ...asked: Parameters<typeof send>) {
    if (asked[0] instanceof DeleteObjectsCommand && ++pages === 2) killed.abort(new Error("killed"));
    return send.apply(this, asked);
  };
  return vi.spyOn(S3Client.prototype, "send").mockImplementation(sending as typeof send);
}

/** 20,000 in `npm run soak`. */
const parts = soaking ? 20 : 4;
const patienceMs = 600_000;

describe("a namespace of thousands of objects", () => {
  it(
    "is measured page by page, removed without making others wait, and goes on where it was cut off",
    async () => {
      const name = freshName("large-");
      const resource = prefixOf(s3Bucket(name));
      await backend.ensure(resource, call(name));
      // As files: through the door it would take longer than the test.
      const folder = join(own.server.place.folder, "buckets", s3Bucket(name), "1", "claims");
      for (let part = 0; part < parts; part++) {
        await mkdir(join(folder, `${part}`), { recursive: true });
        const files = Array.from({ length: 1_000 }, (_, index) => join(folder, `${part}`, `${index}`));
        await Promise.all(files.map((file) => writeFile(file, "object")));
      }
      const bytes = parts * 1_000 * "object".length;
      expect(await backend.measure?.(resource, call(name))).toEqual({ bytes, estimated: false });
      const first = async () => {
        const listing = new ListObjectsV2Command({ Bucket: s3Bucket(name), Prefix: "1/", MaxKeys: 1 });
        return (await admin.send(listing)).Contents?.[0]?.Key;
      };
      const front = await first();
      const killed = new AbortController();
      const sent = killedAtItsSecondPage(killed);
      await expect(backend.remove(resource, { ...call(name), signal: killed.signal })).rejects.toThrow(
        "killed",
      );
      sent.mockRestore();
      const next = await first();
      expect([next === undefined, next === front]).toEqual([false, false]);

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
