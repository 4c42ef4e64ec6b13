export { applyUpdate } from "./apply-update.ts";
export { awaitDecision } from "./await-decision.ts";
export { createNamespace } from "./create-namespace.ts";
export { deleteNamespace } from "./delete-namespace.ts";
export { provisionNamespace } from "./provision-namespace.ts";
export { updateNamespace } from "./update-namespace.ts";
