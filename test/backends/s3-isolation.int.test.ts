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
import { logins } from "../../backends/logins.ts";
import { s3 } from "../../backends/s3.ts";
import type { S3Address } from "../../backends/s3-client.ts";
import { s3Bucket } from "../../domain/selection/names.ts";
import { callOf as call } from "./call-of.ts";
import { goesAlone } from "./lonely-login.ts";
import { type OwnS3, ownS3 } from "./own-s3.ts";
import { clientOf, common, prefixOf } from "./s3-subject.ts";

let address: S3Address;
let backend: Backend;
let admin: S3Client;
let own: OwnS3;
beforeAll(async () => {
  own = await ownS3();
  ({ address, backend, admin } = own);
});
afterAll(() => own?.close());

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

  it("has another password once the platform's secret is another, and the old one opens nothing", async () => {
    const prefix = prefixOf(s3Bucket("secret"));
    const { identity } = await backend.ensure(prefix, call("secret"));
    const other = s3({ ...common, address, logins: logins("another secret") });
    expect(await other.observe(prefix, call("secret"))).toEqual({
      state: "drifted",
      identity,
      drift: [{ field: "password", planned: "the derived one", actual: "another" }],
    });
    await other.ensure(prefix, call("secret"));
    expect(await other.observe(prefix, call("secret"))).toEqual({ state: "ready", identity });
    const listing = new ListObjectsV2Command({ Bucket: s3Bucket("secret"), Prefix: "1/" });
    await expect(as("secret").send(listing)).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
    await other.remove(prefix, call("secret"));
    await other.close();
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

  it("leaves no login behind by itself", async () => {
    await backend.ensure(prefixOf(s3Bucket("lonely")), call("lonely"));
    const other = s3({ ...common, address, logins: logins("another secret") });
    const owner = { namespace: "lonely", incarnation: 1 };
    await goesAlone({ backend, other, owner, name: "prism.lonely.1" });
    await backend.remove(prefixOf(s3Bucket("lonely")), call("lonely"));
    await backend.ensure(prefixOf(s3Bucket("lonely")), call("lonely"));
    await backend.remove(prefixOf(s3Bucket("lonely")), call("lonely"));
    await other.close();
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
