import { PrismError } from "../../domain/errors.ts";

/** Prism's code of a refusal; `taken` where there was none. */
export const codeOf = (refused: Promise<unknown>): Promise<string> =>
  refused.then(
    () => "taken",
    (error: unknown) => {
      if (!(error instanceof PrismError)) throw error;
      return error.code;
    },
  );
