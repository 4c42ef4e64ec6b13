import { type Control, control } from "../sdk/typescript/control.ts";
import { type Prism, prism } from "../sdk/typescript/prism.ts";
import { type Format, show } from "./output.ts";

/** What every command needs to know; made once, in `main.ts`, from flags and environment. */
export type Context = {
  readonly api: () => string;
  readonly token: () => string;
  readonly write: (text: string) => void;
  readonly warn: (text: string) => void;
};

export const controlOf = (context: Context): Control =>
  control({ api: context.api(), token: context.token() });

export const clientOf = (context: Context, namespace: string): Prism =>
  prism({ namespace, discovery: context.api(), token: context.token() });

/** Prints an answer in the form the person asked for. */
export function answer(context: Context, format: Format, value: unknown, table: () => string): void {
  context.write(`${format === "table" ? table() : show(value, format)}\n`);
}
