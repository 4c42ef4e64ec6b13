import { randomUUID } from "node:crypto";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import type { NewEvent } from "../../eventstore/event-store.ts";
import { accepted } from "../domain/asking.ts";
import {
  activated,
  configured,
  intended,
  opened,
  placed,
  probed,
  provisioned,
  registered,
} from "../domain/namespace/examples.ts";

const metadata = {
  actor: "user:alice",
  operation: "11111111-1111-4111-8111-111111111111",
  correlation: "c-1",
  causation: null,
  schema: 1,
  incarnation: 1,
};

const newEvent = ({ type, data }: NamespaceEvent): NewEvent => ({ id: randomUUID(), type, data, metadata });

/** What most events are: a few hundred bytes. */
export const smallEvent = (): NewEvent =>
  newEvent({ type: "ProbeSucceeded", data: { proxy: "proxy-1", message_id: randomUUID(), took_ms: 3 } });

/** The creation of one namespace as it is recorded: the request, its plan with the whole trace, a resource after the other. */
export function life(namespace: string): readonly NewEvent[] {
  const asked = {
    namespace,
    team: "payments-team",
    client_api: "queue",
    needs: { durability: "strong", replay: "enabled" },
  };
  const { request, selection } = accepted({ ...asked, access: { owners: [], consumers: [] } });
  const { plan, trace, hash, warnings } = selection;
  const workflow = { id: `namespace/${namespace}`, run_id: "run-1" };
  const events: readonly NamespaceEvent[] = [
    { type: "NamespaceRequested", data: { namespace, request, operation: metadata.operation, workflow } },
    { type: "PlanSelected", data: { plan, trace, hash, warnings } },
    placed,
    ...plan.resources.flatMap((resource) => [intended(resource), provisioned(resource)]),
    configured,
    opened,
    registered,
    probed,
    activated,
  ];
  return events.map(newEvent);
}
