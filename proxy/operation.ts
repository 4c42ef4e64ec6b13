import type { Need } from "./access.ts";

/** What a call is, for whoever decides whether to let it in and for whoever counts it. */
export type Operation = { readonly api: string; readonly name: string; readonly need: Need };
