import { openOperation } from "../namespace/namespace.ts";
import { about, type FleetFinding } from "./finding.ts";
import type { Fleet } from "./fleet.ts";

/** Operations that are under way on their stream, and nowhere else. */
export const stuck = ({ namespaces }: Fleet, running: ReadonlySet<string>): readonly FleetFinding[] =>
  [...namespaces].flatMap(([namespace, state]) => {
    const open = openOperation(state);
    if (open === undefined || running.has(open.id)) return [];
    const because = `no workflow works on this ${open.kind}`;
    return [about({ class: "stuck", namespace, operation: open.id, because, remedy: "resume" })];
  });
