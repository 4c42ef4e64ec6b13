import { bytes } from "../request/size.ts";
import type { Command } from "./commands.ts";
import type { NamespaceEvent } from "./events.ts";
import { isLive, type Namespace } from "./namespace.ts";

/** Of what is reserved. Between the two it stays what it was, so that what hovers is not said again and again. */
const raisedFrom = 0.8;
const clearedBelow = 0.75;

/** Whether somebody has to be told that a namespace will soon keep all that it reserves; `alarm`: they were told. */
export const isNearlyFull = (dataBytes: number, reservedBytes: number, alarm: boolean): boolean =>
  dataBytes >= (alarm ? clearedBelow : raisedFrom) * reservedBytes;

/** Recorded where it changes, and only of the life that was measured: what is over, or not yet, has no alarm. */
export function reportData(
  { bytes: kept, incarnation }: Command<"ReportData">,
  namespace: Namespace,
): readonly NamespaceEvent[] {
  const { request, dataAlarm: alarm } = namespace;
  if (request === undefined || !isLive(namespace) || namespace.incarnation !== incarnation) return [];
  const { data_size } = request.needs;
  const nearlyFull = isNearlyFull(kept, bytes(data_size), alarm);
  if (nearlyFull === alarm) return [];
  const data = { namespace: request.namespace, data_bytes: kept, data_size };
  return [nearlyFull ? { type: "DataAlarmRaised", data } : { type: "DataAlarmCleared", data }];
}
