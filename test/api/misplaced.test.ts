import { describe, expect, it } from "vitest";
import { namespaceView } from "../../api/views.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import * as l from "../domain/namespace/lives.ts";
import { recorded } from "../domain/namespace/recorded.ts";

const large = { write_rps: 60_000, read_rps: 60_000 };
const small = { write_rps: 100, read_rps: 100 };

/** Placed with these needs; then it needs that, and `then` happens. */
function warned(placed: typeof small, needs: typeof small, ...then: readonly NamespaceEvent[]) {
  const at = (row: NamespaceRow, some: typeof small): NamespaceRow => ({
    ...row,
    request: { ...row.request, needs: { ...row.request.needs, ...some } },
  });
  const [first, ...rest] = recorded([...l.active, ...then]);
  if (first === undefined) return expect.fail();
  const asked = at(namespaces.apply(undefined, first) ?? expect.fail(), placed);
  const fold = (row: NamespaceRow, events: typeof rest) =>
    events.reduce((known, event) => namespaces.apply(known, event) ?? expect.fail(), row);
  const made = l.active.length - 1;
  const row = fold(at(fold(asked, rest.slice(0, made)), needs), rest.slice(made));
  const { warnings } = namespaceView(row, "all", []) as { warnings: readonly { message: string }[] };
  return warnings.map(({ message }) => message).filter((message) => message.includes("shard"));
}

const moved = [...l.moveable, l.moved, l.sourceClosed, l.sourceDrained, l.moveCompleted];

describe("a namespace on a shard of the wrong kind", () => {
  it("says that it has grown, and what moves it", () => {
    expect(warned(small, large)).toEqual([expect.stringContaining("prism shard move orders")]);
    expect(warned(small, large)[0]).toContain("above 100000 requests a second");
  });
  it("says that it has shrunk", () => expect(warned(large, small)[0]).toContain("needs no shard of its own"));
  it("says nothing once it is moved, nor where it fits", () => {
    expect(warned(small, large, ...moved)).toEqual([]);
    expect([warned(small, small), warned(large, large)]).toEqual([[], []]);
  });
});
