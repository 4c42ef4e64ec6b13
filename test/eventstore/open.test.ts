import { expect, it } from "vitest";
import { openEventStore } from "../../eventstore/open.ts";

it("a URL of no event store is refused with what is supported", () => {
  expect(() => openEventStore("mysql://localhost/events")).toThrow(
    expect.objectContaining({ code: "INVALID_CONFIGURATION" }),
  );
});

it("a server that is not there is unavailable, in bounded time", async () => {
  const store = openEventStore("postgres://nobody@127.0.0.1:1/none");
  await expect(store.health()).rejects.toMatchObject({ kind: "StoreUnavailable" });
  await store.close();
});
