import { describe, expect, it } from "vitest";
import { replay } from "../../api/replay.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import type { ProjectionReader } from "../../eventstore/runner/reader.ts";
import { requested } from "../domain/namespace/examples.ts";
import { active } from "../domain/namespace/lives.ts";
import { happened } from "./stream.ts";

/** A history replayed against what is served, which has folded all of it, or only its first event. */
async function replayed(served: "all" | "its beginning") {
  const store = memoryEventStore();
  await happened(store, ...active);
  let row: NamespaceRow | undefined;
  for await (const event of store.readStream("namespace-orders")) {
    if (served === "all" || event.type === requested.type) row = namespaces.apply(row, event as never);
  }
  const reader = { waitFor: async () => served === "all", get: async () => row };
  return replay(
    { store, namespaces: reader as unknown as ProjectionReader<NamespaceRow> },
    "orders",
    () => true,
  );
}

describe("a history against what is served", () => {
  it("is equal where all of it is served", async () =>
    expect(await replayed("all")).toMatchObject({
      equal: true,
      events: active.length,
      chain: { intact: true },
    }));

  it("is not compared while what is served is behind it", async () =>
    await expect(replayed("its beginning")).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" }));
});
