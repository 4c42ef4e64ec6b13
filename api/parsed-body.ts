import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { PrismError } from "../domain/errors.ts";
import { documentOf } from "./request-body.ts";

/**
 * A small body, read as JSON or YAML and checked; all that is wrong with it is told at once. None is an
 * empty one: where nothing is required, nothing has to be sent.
 */
export function parsedBody<Schema extends z.ZodType>(
  schema: Schema,
  request: Pick<FastifyRequest, "body" | "headers">,
): z.output<Schema> {
  const { body } = request;
  const isNone = body === undefined || body === null || body === "";
  const parsed = schema.safeParse(isNone ? {} : documentOf(request));
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map(({ path, message, ...issue }) => {
    const [unknown] = "keys" in issue ? issue.keys : [];
    const field = [...path, ...(unknown === undefined ? [] : [unknown])].join(".") || "body";
    return {
      code: "INVALID_CONFIGURATION",
      message: `${field}: ${message}`,
      details: { field, recommendation: "See /docs for what it takes" },
    };
  });
  const [first = { message: "the body is not understood", details: { field: "body" } }] = violations;
  throw new PrismError("INVALID_CONFIGURATION", first.message, { details: { ...first.details, violations } });
}
