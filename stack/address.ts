import type { ServerRecord } from "./state.ts";

/** Where a server listens, without the password, for people to read. */
export function addressOf({ environment }: Pick<ServerRecord, "environment">): string {
  const ui = environment["PRISM_TEMPORAL_UI_URL"];
  const [address = ""] = Object.values(environment);
  return `${withoutSecret(address)}${ui === undefined ? "" : `, UI ${ui}`}`;
}

const withoutSecret = (address: string): string => address.replace(/\/\/[^/@]*@/, "//");
