/** RFC-027's order-processing, small: one partition, so that a test of something else is quick. */
export const queueRequest = (namespace: string, more: Record<string, unknown> = {}) => ({
  namespace,
  team: "payments-team",
  client_api: "queue",
  needs: { durability: "strong", replay: "enabled", ordered: true },
  access: {
    owners: [{ team: "payments-team" }],
    consumers: [{ service: "order-api" }, { service: "analytics-pipeline", access: "read-only" }],
  },
  ...more,
});

export const member = { subject: "user:alice", teams: ["payments-team"] };
export const stranger = { subject: "user:mallory", teams: ["marketing-team"] };
export const orderApi = { subject: "service:order-api" };
export const platform = { subject: "user:root", scopes: ["prism:platform"] };
