import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { type DeletingDependencies, deletingActivities } from "../../activities/deleting.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { attempt, lived } from "./lived.ts";

const occasion = { namespace: "orders", operation: l.deleting, actor: "user:alice" };
/** The first that is written waits until it is let go. */
function slowArchive() {
  const kept = new Map<string, Uint8Array>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: began, resolve: begins } = Promise.withResolvers<void>();
  let writes = 0;
  const put = async (key: string, body: Uint8Array) => {
    if (writes++ === 0) {
      begins();
      await released;
    }
    kept.set(key, body);
    return { bucket: "archive" };
  };
  return { kept, put, began, release };
}

it("an attempt that was cut off and writes late leaves the archive what was recorded of it", async () => {
  const recording = await lived(
    { operation: a.operation, events: l.active },
    { operation: l.deleting, events: l.emptied.slice(l.active.length, -1) },
  );
  const archive = slowArchive();
  const deps = {
    attempt,
    recorder: recording,
    failpoint: () => {},
    archive,
  } as unknown as DeletingDependencies;
  const { archiveHistory } = deletingActivities(deps);

  const late = archiveHistory(occasion);
  await archive.began;
  const failure = { step: "archive", attempt: 1, error: a.outage, willRetry: true } as const;
  const said = { type: "ReportStepFailure", operation: l.deleting, ...failure } as const;
  await recording.record(occasion, "archive failed", said, 1);
  await archiveHistory(occasion);
  archive.release();
  await late;

  const { events } = await recording.read("orders");
  const [archived, ...more] = events.filter((event) => event.type === "AuditArchived");
  expect(more).toEqual([]);
  const { key, digest } = archived?.data ?? expect.fail("nothing is said to be archived");
  const text = gunzipSync(archive.kept.get(key) ?? new Uint8Array());
  expect(createHash("sha256").update(text).digest("hex")).toBe(digest);
});
