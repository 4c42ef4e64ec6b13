import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { dataGauges } from "../../api/data-size.ts";
import { namespaceView } from "../../api/views.ts";
import type { DataSize } from "../../control/data-sizes.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import * as l from "../domain/namespace/lives.ts";
import { recorded } from "../domain/namespace/recorded.ts";

const [earlier, later] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:10:00.000Z"];
const measured: DataSize = {
  namespace: "orders",
  incarnation: 1,
  dataBytes: 850,
  dataSizeBytes: 1_000,
  resources: {
    "kafka topic orders-queue": { bytes: 500, estimated: false, measured_at: later },
    "postgres wal-table wal_orders": { bytes: 150, estimated: false, measured_at: earlier },
    "postgres replay-table replay_orders": { bytes: 200, estimated: true, measured_at: later },
  },
};

/** What owners are shown of it after these events. */
function shown(size: DataSize | undefined, ...then: readonly NamespaceEvent[]) {
  const row = recorded([...l.active, ...then]).reduce<NamespaceRow | undefined>(
    (known, event) => namespaces.apply(known, event),
    undefined,
  );
  const view = namespaceView(row ?? expect.fail(), "all", [], size);
  return view as { data: object; warnings: readonly { field: string; message: string }[] };
}

describe("what owners are shown of what their namespace keeps", () => {
  it("is all of it by backend, as old as its oldest part", () =>
    expect(shown(measured).data).toEqual({
      data_bytes: 850,
      measured_at: earlier,
      estimated: true,
      by_backend: { kafka: 500, postgres: 350 },
      alarm: false,
    }));
  it("is the alarm too, with a warning that says what to do, until it is over", () => {
    const alarmed = shown(measured, l.dataAlarmRaised);
    expect(alarmed.data).toMatchObject({ alarm: true });
    expect(alarmed.warnings).toMatchObject([
      { field: "needs.data_size", message: expect.stringMatching(/nearly all that it reserves/) },
    ]);
    expect(shown(measured, l.dataAlarmRaised, l.dataAlarmCleared)).toMatchObject({
      data: { alarm: false },
      warnings: [],
    });
  });
  it("is nothing of what was measured of another life, or not yet", () => {
    const nothing = { data_bytes: null, measured_at: null, estimated: false, by_backend: {}, alarm: false };
    expect(shown(undefined).data).toEqual(nothing);
    expect(shown({ ...measured, incarnation: 2 }).data).toEqual(nothing);
  });
});

it("what namespaces keep and reserve is there to be scraped, and gone with them", async () => {
  const register = new Registry();
  let all: readonly DataSize[] = [measured];
  dataGauges(register, { all: async () => all });
  expect(await register.metrics()).toContain('prism_namespace_data_bytes{namespace="orders"} 850');
  expect(await register.metrics()).toContain('prism_namespace_data_size_bytes{namespace="orders"} 1000');
  all = [];
  expect(await register.metrics()).not.toContain("orders");
});
