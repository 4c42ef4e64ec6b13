import type { BackendKind } from "../plan.ts";

/** One life of a namespace's name. */
export type Life = { readonly namespace: string; readonly incarnation: number };

/**
 * The kind of a namespace's own way into a backend. It is in no plan: it comes and goes with what a life has
 * there, and bears the life's name.
 */
export const loginKind = "login";

/** Something that stands in a backend, by kind and name as a plan would have it. */
export type Thing = {
  readonly backend: BackendKind;
  readonly kind: string;
  readonly name: string;
  /** Names this very thing, as `ResourceProvisioned` does. */
  readonly identity: string;
  /**
   * Whose it is by its tag; `undefined`: it carries none, or the backend has no place for one.
   * `incarnation` 0: the tag names no life.
   */
  readonly owner: Life | undefined;
};

/** All that stands in one backend, or that it did not say: then nothing follows from what was not seen. */
export type Listing = { readonly backend: BackendKind } & (
  | { readonly things: readonly Thing[] }
  | { readonly things?: undefined; readonly because: string }
);
