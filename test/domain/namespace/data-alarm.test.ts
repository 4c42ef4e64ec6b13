import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import { isNearlyFull } from "../../../domain/namespace/data-alarm.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const kept = (bytes: number, incarnation = 1): Command<"ReportData"> => ({
  type: "ReportData",
  operation: l.sweep,
  incarnation,
  bytes,
});
const nearlyFull = [...l.active, l.dataAlarmRaised];

describe("what a namespace keeps of the 1GB that it reserves", () => {
  it("is said from 80 % on, once", () => {
    given(...l.active)
      .when(kept(799_999_999))
      .thenNothing();
    given(...l.active)
      .when(kept(800_000_000))
      .thenEvents(l.dataAlarmRaised);
    given(...nearlyFull)
      .when(kept(3_000_000_000))
      .thenNothing();
  });
  it("is said to be less again below 75 %, once", () => {
    given(...nearlyFull)
      .when(kept(750_000_000))
      .thenNothing();
    given(...nearlyFull)
      .when(kept(749_999_999))
      .thenEvents(l.dataAlarmCleared);
    given(...nearlyFull, l.dataAlarmCleared)
      .when(kept(749_999_999))
      .thenNothing();
    given(...nearlyFull, l.dataAlarmCleared)
      .when(kept(800_000_000))
      .thenEvents(l.dataAlarmRaised);
  });
  it("is said also of one that is degraded", () =>
    given(...l.active, l.degraded)
      .when(kept(800_000_000))
      .thenEvents(l.dataAlarmRaised));
  it("is said of no other life, of none that is not in use, and of no name that nobody has", () => {
    given(...l.active)
      .when(kept(800_000_000, 2))
      .thenNothing();
    given(a.requested).when(kept(800_000_000)).thenNothing();
    given(...l.active, l.deletionRequested)
      .when(kept(800_000_000))
      .thenNothing();
    given().when(kept(800_000_000)).thenNothing();
  });
  it("begins anew with each life", () =>
    given(...l.gone, a.requested, ...l.active.slice(1))
      .when(kept(0, 2))
      .thenNothing());
});

describe("the alarm", () => {
  it("never flutters: to be said again it has to come down by a twentieth first", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 760, max: 1200 }), { minLength: 1 }), (amounts) => {
        let [alarm, changes] = [false, 0];
        for (const amount of amounts) {
          const next = isNearlyFull(amount, 1000, alarm);
          if (next !== alarm) changes++;
          alarm = next;
        }
        expect(changes).toBeLessThanOrEqual(1);
      }),
    ));
});
