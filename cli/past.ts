import type { Command } from "commander";
import type { ArchivedHistory, HistoryEvent, Replay } from "../sdk/typescript/answers.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, facts, table } from "./output.ts";

type Wanted = { readonly type?: string; readonly after?: string; readonly archived?: boolean };
type Output = { readonly output: Format };

/** `prism namespace history|replay|watch`: what happened, and whether it adds up. */
export function pastCommands(namespace: Command, context: Context): void {
  namespace
    .command("history <name>")
    .description("what happened to it, oldest first")
    .option("--type <type>", "only events of this type")
    .option("--after <position>", "only what came after it")
    .option("--archived", "of lives that have ended: as it was kept in S3, read back and compared")
    .addOption(outputOption())
    .action(async (name: string, { output, archived, ...query }: Output & Wanted) => {
      const { namespaces } = controlOf(context);
      if (archived === true) {
        const kept = await everyEvent((part) => namespaces.archived(name, { ...query, ...part }));
        return showArchived(context, output, kept);
      }
      const { items } = await everyEvent((part) => namespaces.history(name, { ...query, ...part }));
      answer(context, output, items, () => table(headings, items.map(columns)));
    });

  namespace
    .command("watch <name>")
    .description("events as they happen, until Ctrl-C")
    .option("--after <position>", "begin after it; 0: from the beginning")
    .addOption(outputOption())
    .action(async (name: string, { output, after }: Output & { after?: string }) => {
      for await (const event of controlOf(context).events({ namespace: name, after })) {
        context.write(`${output === "table" ? columns(event).join("  ") : JSON.stringify(event)}\n`);
      }
    });

  namespace
    .command("replay <name>")
    .description("fold the history afresh and compare it with what is served")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const replay = await controlOf(context).namespaces.replay(name);
      answer(context, output, replay, () => verdict(replay));
      if (!replay.equal)
        throw new PrismError("INTERNAL", `what is served of '${name}' does not follow from its history`);
    });
}

type Part = { readonly limit: string; readonly after?: string };

const mostAtOnce = 1_000;

/** A history as a whole: each part goes on after the last event of the one before, until one is not full. */
async function everyEvent<Answer extends { readonly items: readonly HistoryEvent[] }>(
  history: (part: Part) => Promise<Answer>,
): Promise<Answer> {
  const limit = String(mostAtOnce);
  const first = await history({ limit });
  const items = [...first.items];
  for (let part = first; part.items.length === mostAtOnce; items.push(...part.items))
    part = await history({ limit, after: items.at(-1)?.position ?? "" });
  return { ...first, items };
}

const headings = ["position", "time", "event", "actor", "what"];
const columns = (event: HistoryEvent) => [
  event.position,
  event.recorded_at,
  event.type,
  event.actor,
  gist(event),
];

function showArchived(context: Context, output: Format, found: ArchivedHistory): void {
  const { items, archives } = found;
  answer(context, output, found, () =>
    [
      table(
        ["life", "bucket", "key", "digest", "is it what it was?"],
        archives.map(({ incarnation, bucket, key, digest, intact, wrong }) => [
          ...[incarnation, bucket, key, digest, intact ? "yes" : `NO, it ${wrong}`],
        ]),
      ),
      table(headings, items.map(columns)),
    ].join("\n\n"),
  );
  const broken = archives.find(({ intact }) => !intact);
  if (broken !== undefined) throw new PrismError("INTERNAL", `the archive ${broken.key} ${broken.wrong}`);
}

const verdict = ({ equal, events, digest, chain }: Replay): string =>
  facts([
    ["events", events],
    ["what is served", equal ? "follows from them" : "DIFFERS from what they say"],
    ["chain of hashes", chain.intact ? "intact" : `BROKEN at revision ${chain.broken_at}`],
    ["digest", digest],
  ]);

/** The one thing of an event that a person scanning the list wants to see. */
function gist({ data }: HistoryEvent): string {
  const resource = data["resource"] as { backend: string; kind: string; name: string } | undefined;
  if (resource !== undefined) return `${resource.backend} ${resource.kind} ${resource.name}`;
  const error = data["error"] as { code: string; message: string } | undefined;
  if (error !== undefined) return `${data["step"] ?? ""} ${error.code}: ${error.message}`.trim();
  const plain = ["shard", "hash", "proxy", "proxies"]
    .map((key) => data[key])
    .find((value) => value !== undefined);
  return plain === undefined ? "" : String(plain);
}
