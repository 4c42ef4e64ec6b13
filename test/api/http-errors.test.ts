import { describe, expect, it } from "vitest";
import { StoreError } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { described } from "./described.ts";

/** What a read is answered while looking a namespace up fails with `error`. */
async function readWhile(error: Error) {
  const namespaces = { get: () => Promise.reject(error) };
  const { server } = await described(undefined, memoryEventStore(), { namespaces });
  const { statusCode, headers, body } = await server.inject({ url: "/api/v1/namespaces/orders" });
  return { status: statusCode, retryAfter: headers["retry-after"], ...JSON.parse(body).error };
}

const terminated = "terminating connection due to administrator command";

describe("a read", () => {
  it.each([
    ["the store says so", new StoreError("StoreUnavailable", "read at postgres://a:secret@db: ECONNREFUSED")],
    ["Postgres is shut down", Object.assign(new Error(terminated), { code: "57P01" })],
    ["nothing listens", Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })],
  ])("is to be repeated where %s", async (_, error) => {
    const answer = await readWhile(error);
    expect(answer).toMatchObject({ status: 503, code: "BACKEND_UNAVAILABLE", retryAfter: "2" });
    expect(answer.message).not.toContain("secret");
  });

  it.each([
    ["a stream is missing", new StoreError("StreamNotFound", "there is no stream 'namespace-orders'")],
    ["it is our own bug", new TypeError("undefined is not a function")],
  ])("is not where %s", async (_, error) =>
    expect(await readWhile(error)).toMatchObject({ status: 500, code: "INTERNAL", retryAfter: undefined }),
  );
});
