import { expect, it } from "vitest";
import { eventId } from "../../eventstore/event-id.ts";

const origin = { operation: "op-1", stream: "namespace-orders", step: "begin", round: 0, index: 0 };

it("the same origin has the same id in every release", () => {
  expect(eventId(origin)).toBe("0c4f92dd-8e61-5fa2-b55c-1268bd3c9c33");
});

it("another operation, stream, step, round or index is another event", () => {
  const others = [
    { ...origin, operation: "op-2" },
    { ...origin, stream: "team-orders" },
    { ...origin, step: "begin0" },
    { ...origin, round: 1 },
    { ...origin, index: 1 },
  ];
  const ids = [origin, ...others].map(eventId);
  expect(new Set(ids).size).toBe(ids.length);
});
