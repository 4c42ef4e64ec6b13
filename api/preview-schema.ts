import { z } from "zod";
import { amounts, json, teamAnswer } from "./schemas.ts";

const violation = z.object({ code: z.string(), message: z.string(), details: json });
const warning = z.object({ field: z.string(), message: z.string() });

const change = z.object({ field: z.string(), from: z.unknown(), to: z.unknown() });

const updatePreview = z.object({
  version: z.number().describe("Of what is in force: for `If-Match`"),
  operation: z.string().nullable().describe("What is under way"),
  changes: z.array(change).readonly().describe("None: it is as asked, or is about to be"),
  resources: z.object({
    added: z.array(json).readonly(),
    changed: z.array(json).readonly().describe("As they are to be"),
    grown: z.array(json).readonly().describe("Topics that get more partitions"),
    moves: z
      .array(z.object({ what: z.string(), from: z.unknown(), to: z.unknown() }))
      .readonly()
      .describe("What cannot be changed in place"),
  }),
  quota: z.object({ before: amounts, after: amounts }).describe("What it takes of the team's"),
  patch: json.describe("The merge patch that leads there"),
});

export const previewAnswer = z
  .object({
    plan: json.nullable(),
    trace: json.nullable(),
    hash: z.string().nullable(),
    approval_required: z.boolean(),
    approval: z.array(z.object({ field: z.string(), because: z.string() })).readonly(),
    quota: teamAnswer.nullable(),
    warnings: z.array(warning).readonly(),
    update: updatePreview
      .nullable()
      .describe("Where the namespace is there, and the caller's: what would change"),
    violations: z.array(violation).readonly(),
  })
  .describe("Where the request would be refused: no plan, and everything that is wrong");
