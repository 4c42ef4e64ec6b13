import type { Pool } from "pg";
import { PrismError } from "../domain/errors.ts";

/** What was asked under an `Idempotency-Key`: of which namespace, and the SHA-256 of the body as it was read. */
export type Asked = { readonly namespace: string; readonly digest: string };

/**
 * Which request a key stands for, by the id of the operation that it names. Rows in the control database and
 * no projection: a repeat that comes a moment later, to another process, has to find the first one.
 */
export interface IdempotencyKeys {
  known(operation: string): Promise<Asked | undefined>;
  /** Answers what was asked first, which is `asked` where nobody was quicker. */
  claim(operation: string, asked: Asked): Promise<Asked>;
}

export function idempotencyKeys(pool: Pool): IdempotencyKeys {
  const ask = async (sql: string, values: readonly string[]): Promise<Asked | undefined> => {
    try {
      return (await pool.query<Asked>(sql, [...values])).rows[0];
    } catch (cause) {
      throw new PrismError(
        "BACKEND_UNAVAILABLE",
        "could not look up an Idempotency-Key: the control database did not answer",
        { cause },
      );
    }
  };
  return {
    known: (operation) =>
      ask("select namespace, digest from control.idempotency_keys where operation = $1", [operation]),

    async claim(operation, asked) {
      // An update that changes nothing, so that the row is answered also where it was there.
      const first = await ask(
        `insert into control.idempotency_keys as key (operation, namespace, digest) values ($1, $2, $3)
         on conflict (operation) do update set digest = key.digest returning namespace, digest`,
        [operation, asked.namespace, asked.digest],
      );
      return first ?? asked;
    },
  };
}
