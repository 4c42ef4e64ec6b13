import type { Occasion } from "../activities/occasion.ts";
import type { Timeouts } from "./steps.ts";

/** Whose work a workflow does, and within which bounds: the part of its input that all of them share. */
export type Work = { readonly occasion: Occasion; readonly timeouts: Timeouts };
