import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { GetBucketTaggingCommand, PutBucketTaggingCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { s3 } from "../../backends/s3.ts";
import { s3Buckets } from "../../backends/s3-bucket.ts";
import { callOf } from "./call-of.ts";
import { freshName } from "./contract.ts";
import { shared } from "./own-s3.ts";
import { clientOf, common, prefixOf } from "./s3-subject.ts";

describe("what a person has put on a namespace's bucket", () => {
  it("stays: tags", async () => {
    const namespace = freshName("tagged-").toLowerCase();
    const [resource, call, Bucket] = [
      prefixOf(`prism-${namespace}`),
      callOf(namespace),
      `prism-${namespace}`,
    ];
    const [backend, admin] = [s3({ ...common, address: shared }), clientOf(shared)];
    await backend.ensure(resource, call);
    const tags = async () =>
      (await admin.send(new GetBucketTaggingCommand({ Bucket }))).TagSet?.map(
        ({ Key, Value }) => `${Key} ${Value}`,
      ).toSorted();
    const TagSet = [
      { Key: "cost-centre", Value: "4711" },
      { Key: "prism-namespace", Value: namespace },
    ];
    await admin.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    await backend.ensure(resource, call);
    expect(await tags()).toEqual(["cost-centre 4711", `prism-namespace ${namespace}`]);
    await backend.remove(resource, call);
    admin.destroy();
    await backend.close();
  });

  const theirs = `<Rule><ID>theirs</ID><Filter><Prefix>1/logs/</Prefix></Filter><Status>Enabled</Status>
    <Expiration><Days>30</Days></Expiration></Rule>`;
  const ours = `<Rule><ID>prism-stale-uploads</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>`;
  it.each([
    ["beside ours, which is missing", theirs, [["theirs", "prism-stale-uploads"]]],
    [
      "beside ours, which was changed",
      theirs + ours.replace(">1<", ">9<"),
      [["theirs", "prism-stale-uploads"]],
    ],
    ["where ours is there", theirs + ours, []],
  ])("stays: rules, %s", async (_, held, expected) => {
    const written: string[][] = [];
    // The server that tests have knows no rules.
    const server = createServer(async (request, response) => {
      response.setHeader("content-type", "application/xml");
      if (request.method === "PUT") {
        const ids = (await bodyOf(request)).matchAll(/<ID>([^<]*)/g);
        written.push([...ids].map(([, id]) => id ?? ""));
      }
      response.end(
        request.method === "GET" ? `<LifecycleConfiguration>${held}</LifecycleConfiguration>` : "",
      );
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = clientOf({ ...shared, endpoint: `http://127.0.0.1:${port}` });
    const timed = { ...callOf("any"), throwIfOver: () => {}, leftMs: () => 10_000, answered: () => {} };
    const buckets = s3Buckets(client, (_what, _timed, question) => question());
    expect(await buckets.dropStaleByRule("prism-orders", timed)).toBe(true);
    expect(written).toEqual(expected);
    client.destroy();
    server.close();
  });
});

describe("what says whose a prefix is", () => {
  it("is written also where another prefix that goes has just taken the folder from under it", async () => {
    const refusals = [1, 2];
    const server = createServer((_, response) => {
      if (refusals.pop() === undefined) return void response.end();
      response.statusCode = 409;
      response.end("<Error><Code>ExistingObjectIsDirectory</Code></Error>");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = clientOf({ ...shared, endpoint: `http://127.0.0.1:${port}` });
    const timed = { ...callOf("any"), throwIfOver: () => {}, leftMs: () => 10_000, answered: () => {} };
    const buckets = s3Buckets(client, (_what, _timed, question) => question());
    await buckets.writeOnce("prism-orders", "prism-owner/tiers/owner", "ours", timed);
    expect(refusals).toEqual([]);
    client.destroy();
    server.close();
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request) body += String(part);
  return body;
}
