import { describe, expect, it } from "vitest";
import { memoryEventStore } from "../../eventstore/memory.ts";
import * as l from "../domain/namespace/lives.ts";
import { described } from "./described.ts";
import { happened } from "./stream.ts";

/** What a delete of version 1 is answered with this `If-Match`, and whether it was begun. */
async function deleted(ifMatch: string | undefined) {
  const store = memoryEventStore();
  await happened(store, ...l.active);
  const begun: unknown[] = [];
  const remove = async (...asked: readonly unknown[]) => {
    begun.push(asked.at(-1));
    throw new Error("that was enough");
  };
  const member = async () => ({ ...(await somebody()), teams: ["payments-team"] });
  const { server } = await described(member as never, memoryEventStore(), { store, starter: { remove } });
  const { statusCode } = await server.inject({
    method: "DELETE",
    url: "/api/v1/namespaces/orders?confirm=orders",
    headers: ifMatch === undefined ? {} : { "if-match": ifMatch },
  });
  return { statusCode, begun };
}

const somebody = async () => ({
  ...{ subject: l.alice, teams: [], platform: false, audit: false },
  expiresAt: new Date(Date.now() + 60_000),
});

describe("a delete with If-Match", () => {
  it("of another version is refused", async () =>
    expect(await deleted('"7"')).toEqual({ statusCode: 412, begun: [] }));

  it("of the version that is there begins, and is judged by it once more when it does", async () =>
    expect(await deleted('"1"')).toMatchObject({ begun: [1] }));

  it.each([undefined, "*"])("of any version begins: %s", async (ifMatch) =>
    expect(await deleted(ifMatch)).toMatchObject({ begun: [undefined] }),
  );

  it("is described, and of what ignores it is not", async () => {
    const { server } = await described();
    const { paths } = JSON.parse((await server.inject({ url: "/openapi.json" })).body);
    const takes = (path: string, method: string) =>
      (paths[`/api/v1/namespaces/{ns}${path}`][method].parameters as { name: string }[]).some(
        ({ name }) => name === "if-match",
      );
    expect([takes("", "patch"), takes("", "delete")]).toEqual([true, true]);
    expect([takes("/relay/rewind", "post"), takes("/move", "post")]).toEqual([false, false]);
  });
});
