import { expect, it } from "vitest";
import { openEventStore } from "../../eventstore/open.ts";

it("a URL of no event store is refused with what is supported", () => {
  expect(() => openEventStore("mysql://localhost/events")).toThrow(
    expect.objectContaining({ code: "INVALID_CONFIGURATION" }),
  );
});
