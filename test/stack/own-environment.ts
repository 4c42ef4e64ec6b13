import type { Environment } from "../../stack/lookup.ts";

/** The environment without the servers of this run: what starts here brings its own. */
export const ownEnvironment = (): Environment =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PRISM_")));
