import type { Namespace } from "../sdk/typescript/answers.ts";
import { UsageError } from "./usage-error.ts";

export type Asked = { readonly addConsumer: readonly string[]; readonly removeConsumer: readonly string[] };

type Consumer = { readonly service: string; readonly access?: string };
type Patch = Record<string, unknown>;

/**
 * The merge patch that `--needs.write_rps 10000 --add-consumer billing:read-only` means. Lists are
 * replaced by a patch, so consumers are read, changed and written back as a whole.
 */
export function patchOf(fields: readonly string[], asked: Asked, current: Namespace): Patch {
  const patch: Patch = {};
  for (const [path, value] of pairs(fields)) put(patch, path.split("."), value);
  if (asked.addConsumer.length + asked.removeConsumer.length > 0) {
    patch["access"] = { ...(patch["access"] as object | undefined), consumers: consumersOf(asked, current) };
  }
  if (Object.keys(patch).length === 0) {
    throw new UsageError("nothing to change: name a field, as in --needs.write_rps 10000");
  }
  return patch;
}

const changeable = /^--((?:needs|policies)\.[a-z_]+)(?:=(.*))?$/;

function* pairs(fields: readonly string[]): Generator<[string, unknown]> {
  for (let index = 0; index < fields.length; index++) {
    const [, path, inline] = changeable.exec(fields[index] ?? "") ?? [];
    if (path === undefined) throw new UsageError(`unknown option '${fields[index]}'`);
    const value = inline ?? fields[++index];
    if (value === undefined) throw new UsageError(`--${path} needs a value; 'null' takes it away`);
    yield [path, read(value)];
  }
}

/** Numbers, true, false and null as what they are, everything else as text: 100GB, 30days. */
const read = (text: string): unknown =>
  /^(-?\d+(\.\d+)?|true|false|null)$/.test(text) ? JSON.parse(text) : text;

function put(target: Patch, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const inner = (target[name] ?? {}) as Patch;
  target[name] = inner;
  put(inner, rest, value);
}

function consumersOf({ addConsumer, removeConsumer }: Asked, current: Namespace): readonly Consumer[] {
  const { consumers = [] } = (current["access"] ?? {}) as { consumers?: readonly Consumer[] };
  const added = addConsumer.map((text): Consumer => {
    const [service = "", access = "read-write"] = text.split(":");
    return { service, access };
  });
  const named = new Set([...removeConsumer, ...added.map(({ service }) => service)]);
  return [...consumers.filter(({ service }) => !named.has(service)), ...added];
}
