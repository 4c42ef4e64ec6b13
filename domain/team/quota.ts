import { bytes, printSize } from "../request/size.ts";

/** What a team may have, has reserved, or has left. `data_size` in bytes. */
export type Amounts = {
  readonly write_rps: number;
  readonly read_rps: number;
  readonly data_size: number;
  readonly namespaces: number;
};

/** The same as events and the API carry it: the size with its unit. */
export type WrittenAmounts = Omit<Amounts, "data_size"> & { readonly data_size: string };

export const amountNames = ["write_rps", "read_rps", "data_size", "namespaces"] as const;

export const nothing: Amounts = { write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 };

export const written = (amounts: Amounts): WrittenAmounts => ({
  ...amounts,
  data_size: printSize(amounts.data_size),
});

export const read = (amounts: WrittenAmounts): Amounts => ({
  ...amounts,
  data_size: bytes(amounts.data_size),
});

export const combine = (a: Amounts, b: Amounts, by: (a: number, b: number) => number): Amounts => ({
  write_rps: by(a.write_rps, b.write_rps),
  read_rps: by(a.read_rps, b.read_rps),
  data_size: by(a.data_size, b.data_size),
  namespaces: by(a.namespaces, b.namespaces),
});

export const plus = (a: Amounts, b: Amounts): Amounts => combine(a, b, (x, y) => x + y);
export const minus = (a: Amounts, b: Amounts): Amounts => combine(a, b, (x, y) => x - y);
/** The larger of each: what a namespace holds while it grows, or until it has shrunk. */
export const larger = (a: Amounts, b: Amounts): Amounts => combine(a, b, Math.max);
