import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../domain/errors.ts";
import { EntrySchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { checkAccess } from "../../proxy/access.ts";
import { callers } from "./callers.ts";

const entry = create(EntrySchema, {
  namespace: "orders",
  team: "team-orders",
  ownerTeams: ["team-partner"],
  consumers: [
    { service: "order-api", writes: true },
    { service: "billing", writes: false },
  ],
});

const answer = (who: Parameters<typeof checkAccess>[0], need: "read" | "write"): string => {
  try {
    checkAccess(who, entry, need);
    return "yes";
  } catch (error) {
    return (error as PrismError).code;
  }
};

describe("who may do what", () => {
  it.each([
    ["a member of the owning team", callers.owner, "yes", "yes"],
    ["a member of another owner", { ...callers.stranger, teams: ["team-partner"] }, "yes", "yes"],
    ["a consumer", callers.writer, "yes", "yes"],
    ["a read-only consumer", callers.reader, "yes", "FORBIDDEN"],
    ["a stranger", callers.stranger, "NOT_FOUND", "NOT_FOUND"],
    ["platform", callers.platform, "FORBIDDEN", "FORBIDDEN"],
    ["audit", callers.auditor, "FORBIDDEN", "FORBIDDEN"],
    ["platform that is also an owner", { ...callers.platform, teams: ["team-orders"] }, "yes", "yes"],
    [
      "a user by a service's name",
      { ...callers.stranger, subject: "user:order-api" },
      "NOT_FOUND",
      "NOT_FOUND",
    ],
  ])("%s", (_, who, read, write) => {
    expect([answer(who, "read"), answer(who, "write")]).toEqual([read, write]);
  });

  it("tells a stranger of an existing namespace what it tells of one that is not there", () => {
    expect(() => checkAccess(callers.stranger, entry, "read")).toThrow(
      new PrismError("NOT_FOUND", "namespace 'orders' does not exist"),
    );
  });
});
