import type { NativeConnection } from "@temporalio/worker";
import { PrismError } from "../domain/errors.ts";

const names = [
  "PrismNamespace",
  "PrismTeam",
  "PrismOperation",
  "PrismOperationId",
  "PrismPhase",
  "PrismBackend",
];

// Temporal's own numbers: INDEXED_VALUE_TYPE_KEYWORD, and gRPC's for what is there already or not ours to change.
const keyword = 2;
const alreadyExists = 6;
const permissionDenied = 7;

/**
 * Makes the attributes that people find workflows by known to Temporal, once per Temporal
 * namespace. A server that lets nobody do so (Temporal Cloud) has them set up by hand; what
 * is then missing shows as a failing start of the first operation, with the attribute's name.
 */
export async function registerSearchAttributes(
  connection: NativeConnection,
  namespace: string,
): Promise<void> {
  const known = await ask(connection.operatorService.listSearchAttributes({ namespace }));
  const missing = names.filter((name) => known?.customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
  await ask(connection.operatorService.addSearchAttributes({ namespace, searchAttributes }));
}

async function ask<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (cause) {
    const { code } = cause as { code?: number };
    // Another worker that starts at the same time may have been quicker.
    if (code === alreadyExists || code === permissionDenied) return undefined;
    throw new PrismError("BACKEND_UNAVAILABLE", "could not register the search attributes with Temporal", {
      cause,
    });
  }
}
