export { createNamespace } from "./create-namespace.ts";
