import { z } from "zod";

/** What the API answers, for its description. Answers are made by `views.ts`; these say their shape to others. */
export const json = z.record(z.string(), z.unknown()).readonly();

const errorAnswer = z
  .object({ error: z.object({ code: z.string(), message: z.string(), details: json }) })
  .describe("RFC-027's error: docs/errors.md lists the codes");

const operationSummary = z.object({ id: z.string(), kind: z.string(), state: z.string() });

const dataAnswer = z
  .object({
    data_bytes: z.number().nullable().describe("In all backends together; null: not measured yet"),
    measured_at: z.string().nullable().describe("No part of it was measured before that"),
    estimated: z.boolean().describe("Some of it was reckoned, not counted"),
    by_backend: z.record(z.string(), z.number()).readonly(),
    alarm: z.boolean().describe("It keeps nearly all of needs.data_size; nothing is refused for that"),
  })
  .describe("What it keeps, as the last sweep that could measure it says");

export const namespaceAnswer = z
  .object({
    namespace: z.string(),
    status: z.string(),
    client_api: z.string(),
    endpoints: z.array(z.string()).readonly(),
    team: z.string().optional(),
    needs: json.optional(),
    access: json.optional(),
    policies: json.optional(),
    version: z.number().optional(),
    created_at: z.string().optional(),
    updated_at: z.string().optional(),
    shard: z.string().nullable().optional(),
    warnings: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .readonly()
      .optional(),
    data: dataAnswer.optional(),
    operation: operationSummary.nullable().optional(),
  })
  .describe("A consumer of the namespace sees the first four fields");

const stepAnswer = z.object({
  name: z.string(),
  state: z.string(),
  attempts: z.number(),
  last_error: json.nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

const pendingApproval = z.object({
  plan_hash: z.string(),
  fields: z.array(z.object({ field: z.string(), because: z.string() })).readonly(),
  requested_by: z.string(),
  expires_at: z.string(),
});

export const operationAnswer = z.object({
  id: z.string(),
  kind: z.string(),
  namespace: z.string(),
  state: z.string(),
  undoing: z.string().nullable().describe("How it will end, once that is decided and it is being undone"),
  steps: z.array(stepAnswer).readonly(),
  plan_hash: z.string().nullable(),
  approval: pendingApproval.nullable().describe("What waits for a platform member's word"),
  error: json.nullable(),
  requested_by: z.string(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  check_after_ms: z.number(),
  workflow: z.object({ id: z.string(), run_id: z.string(), url: z.string().nullable() }),
});

export const eventAnswer = z.object({
  position: z.string(),
  stream: z.string(),
  revision: z.string(),
  id: z.string(),
  type: z.string(),
  data: json,
  recorded_at: z.string(),
  actor: z.string(),
  operation_id: z.string().nullable(),
  correlation_id: z.string(),
  causation_id: z.string().nullable(),
  hash: z.string(),
});

export const endpointsAnswer = z.object({
  namespace: z.string(),
  endpoints: z
    .array(z.object({ address: z.string(), region: z.string(), health: z.string(), load: z.number() }))
    .readonly(),
});

export const planAnswer = z.object({
  plan: json,
  trace: json,
  hash: z.string(),
  warnings: z.array(z.object({ field: z.string(), message: z.string() })).readonly(),
  not_enforced_yet: z
    .array(z.string())
    .readonly()
    .describe("Patterns and policies that are planned but not built yet"),
});

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item).readonly(), next_cursor: z.string().nullable() });

/** `limit` and `cursor` of every list. */
export const page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).optional(),
});

/** A place in the log, as `id` of an event and `after` of a query. */
export const position = z
  .string()
  .regex(/^\d{1,18}$/, "must be a position")
  .optional();

export const eventStream = z.unknown().describe("text/event-stream");

export const errors = { "4xx": errorAnswer, "5xx": errorAnswer } as const;

export const accessAnswer = z.object({
  owners: z.array(z.object({ team: z.string() })).readonly(),
  consumers: z.array(z.object({ service: z.string(), access: z.string() })).readonly(),
});

export const amounts = z.object({
  write_rps: z.number(),
  read_rps: z.number(),
  data_size: z.string(),
  namespaces: z.number(),
});

export const teamAnswer = z.object({
  team: z.string(),
  quota: amounts,
  reserved: amounts,
  remaining: amounts,
  over_quota: z
    .array(z.string())
    .readonly()
    .describe("The amounts of which more is reserved than the quota is: until none is, nothing grows"),
});

export const replayAnswer = z
  .object({
    served: json.nullable(),
    replayed: json.nullable(),
    equal: z.boolean(),
    events: z.number(),
    digest: z.string(),
    chain: z.object({ intact: z.boolean(), broken_at: z.string().nullable() }),
  })
  .describe("`equal` where what is served is what the history says, and no event was changed in the store");
