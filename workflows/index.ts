export { awaitDecision } from "./await-decision.ts";
export { createNamespace } from "./create-namespace.ts";
export { provisionNamespace } from "./provision-namespace.ts";
