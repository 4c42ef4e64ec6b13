import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { s3 } from "../../backends/s3.ts";
import { s3Users } from "../../backends/s3-admin.ts";
import { callOf as call } from "./call-of.ts";
import { ownS3, shared } from "./own-s3.ts";
import { common, prefixOf } from "./s3-subject.ts";

const taken = prefixOf("prism-taken");
const isForeign = async (backend: Backend) => {
  expect(await backend.observe(taken, call("taken"))).toMatchObject({ state: "foreign" });
  await expect(backend.ensure(taken, call("taken"))).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
  expect(await backend.remove(taken, call("taken"))).toEqual({ removed: false });
};

/** As AWS answers about a bucket that one may not look into: its name is everybody's, its account's alone are listed. */
describe("an S3 that refuses to show a bucket", () => {
  let server: Server;
  let backend: Backend;
  let refusal: string;
  let listed: string;
  beforeAll(async () => {
    server = createServer(({ url = "" }, response) => {
      response.setHeader("content-type", "application/xml");
      if (url.startsWith("/?")) {
        response.end(`<ListAllMyBucketsResult><Buckets>${listed}</Buckets></ListAllMyBucketsResult>`);
        return;
      }
      response.statusCode = refusal === "AccessDenied" ? 403 : 301;
      response.end(`<Error><Code>${refusal}</Code><Message>not this way</Message></Error>`);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    backend = s3({ ...common, address: { ...shared, endpoint: `http://127.0.0.1:${port}` } });
  });
  afterAll(async () => {
    await backend.close();
    server.close();
  });

  it.each(["AccessDenied", "PermanentRedirect"])("has it from another account: %s", async (how) => {
    [refusal, listed] = [how, "<Bucket><Name>prism-other</Name></Bucket>"];
    await isForeign(backend);
  });

  it.each(["AccessDenied", "PermanentRedirect"])("is waited for where it is our own: %s", async (how) => {
    [refusal, listed] = [how, "<Bucket><Name>prism-taken</Name></Bucket>"];
    for (const verb of ["observe", "ensure", "remove"] as const) {
      await expect(backend[verb](taken, call("taken"))).rejects.toMatchObject({
        code: "BACKEND_UNAVAILABLE",
        message: expect.stringMatching(/tags of prism-taken/),
      });
    }
  });

  it.each(["AccessDenied", "PermanentRedirect"])("lists one that is nobody's of ours: %s", async (how) => {
    [refusal, listed] = [how, "<Bucket><Name>payroll</Name></Bucket>"];
    expect(await backend.list(new AbortController().signal)).toEqual([
      { backend: "s3", kind: "bucket", name: "payroll", identity: "payroll", owner: undefined },
    ]);
  });

  it.each(["AccessDenied", "PermanentRedirect"])("lists none where one may be ours: %s", async (how) => {
    [refusal, listed] = [how, "<Bucket><Name>prism-taken</Name></Bucket>"];
    await expect(backend.list(new AbortController().signal)).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: expect.stringMatching(/tags of prism-taken/),
    });
  });
});

describe("an S3 of several accounts", () => {
  it("has a bucket of that name from another one", async () => {
    const own = await ownS3();
    await own.admin.send(new CreateBucketCommand({ Bucket: "prism-taken" }));
    const ask = <T>(_what: string, _timed: unknown, question: () => Promise<T>) => question();
    const timed = { ...call("any"), throwIfOver: () => {}, leftMs: () => 10_000, answered: () => {} };
    await s3Users(own.address, ask).set("somebody", "a-secret", timed);
    const address = { ...own.address, accessKeyId: "somebody", secretAccessKey: "a-secret" };
    const backend = s3({ ...common, address });
    await isForeign(backend);
    await backend.close();
    await own.close();
  });
});
