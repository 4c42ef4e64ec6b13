import type { ErrorCode } from "../errors.ts";
import type { JsonObject } from "../json.ts";

/** Why something failed, as its caller may know it. */
export type Failure = { readonly code: ErrorCode; readonly message: string; readonly details: JsonObject };

/** Where an operation runs in Temporal, for the link that people follow. */
export type Workflow = { readonly id: string; readonly run_id: string };
