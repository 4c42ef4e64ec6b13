import { describe, expect, it } from "vitest";
import { refusal } from "../../../domain/request/violation.ts";
import { refused, request } from "../asking.ts";

/** RFC-027, "Error Handling", word for word; Prism says more in `details`, and never less. */
describe("RFC-027's own errors", () => {
  it("invalid configuration", () => {
    const violations = refused(request("pubsub", { consistency: "strong" }, { namespace: "user-cache" }));
    expect(violations).toEqual([
      {
        code: "INVALID_CONFIGURATION",
        message: "Consistency 'strong' not supported by client_api 'pubsub'",
        details: {
          field: "needs.consistency",
          supported_values: ["eventual"],
          recommendation: "Use client_api 'queue' for strong consistency",
        },
      },
    ]);
  });

  it("capacity exceeded", () => {
    const quota = { write_rps: 50_000, read_rps: 50_000, data_size: 1e12, namespaces: 10 };
    const asks = request("queue", { write_rps: 200_000 }, { namespace: "huge-events", team: "small-team" });
    const caller = { subject: "user:bob", teams: ["small-team"], platform: false };
    const violations = refused(asks, { caller, quota: { quota, remaining: quota } });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      code: "QUOTA_EXCEEDED",
      message: "Requested write_rps (200000) exceeds team quota (50000)",
      details: {
        requested: 200_000,
        quota: 50_000,
        team: "small-team",
        recommendation: "Request quota increase via platform team",
      },
    });
  });

  it("namespace already exists", () => {
    const existing = { existing_owner: "payments-team", created_at: "2025-10-01T10:00:00Z" };
    const violations = refused(request("queue", {}, { namespace: "order-processing" }), { existing });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      code: "NAMESPACE_EXISTS",
      message: "Namespace 'order-processing' already exists",
      details: {
        existing_owner: "payments-team",
        created_at: "2025-10-01T10:00:00Z",
        recommendation: "Choose a different namespace name or contact existing owner",
      },
    });
  });

  it("answers the first violation, with all of them beside it", () => {
    const error = refusal(refused(request("pubsub", { consistency: "strong", replay: "yes" })));
    expect(error.code).toBe("INVALID_CONFIGURATION");
    expect(error.message).toBe("Value 'yes' not supported for needs.replay");
    expect(error.details.violations).toEqual([
      {
        code: "INVALID_CONFIGURATION",
        message: "Value 'yes' not supported for needs.replay",
        details: {
          field: "needs.replay",
          supported_values: ["enabled", "disabled"],
          recommendation: "Use one of: enabled, disabled",
        },
      },
      expect.objectContaining({ message: "Consistency 'strong' not supported by client_api 'pubsub'" }),
    ]);
  });
});
