import { describe, expect, it } from "vitest";
import { PrismError } from "../../../domain/errors.ts";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { decide } from "../../../domain/namespace/decide.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent, type Namespace } from "../../../domain/namespace/namespace.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";
import { questions } from "./pinned-answers.ts";
import { lives, sharedBeginning } from "./pinned-lives.ts";

/**
 * What every command is answered at every moment of the pinned lives, in pinned/answers/: after each event the
 * answers that are other than before it. There a person reads what an event makes possible, and what not any more.
 */
describe("a namespace answers as pinned", () => {
  it.each(Object.keys(lives))("at every moment: %s", async (title) => {
    await expect(`${[...page(title)].join("\n")}\n`).toMatchFileSnapshot(
      `pinned/answers/${title.replaceAll(/\W+/g, "-")}.txt`,
    );
  });

  it("when asked", async () => {
    const asked = questions.map(({ type: _, ...question }, index) => `${nameOf(index)} ${named(question)}`);
    await expect(`${asked.join("\n")}\n`).toMatchFileSnapshot("pinned/answers/questions.txt");
  });
});

/** A life begins as others do: what their pages tell is not told again. */
function* page(title: string): Generator<string> {
  const events = lives[title] ?? [];
  const told = sharedBeginning(title);
  let namespace = events.slice(0, told).reduce(evolve, absent);
  let before = answers(namespace);
  if (told === 0) yield* ["at first", ...changed([], before)];
  else yield `after ${events[told - 1]?.type}, as elsewhere`;
  for (const event of events.slice(told)) {
    namespace = evolve(namespace, event);
    const now = answers(namespace);
    yield* [event.type, ...changed(before, now)];
    before = now;
  }
}

/** Each answer once, with the commands that are given it now. */
function changed(before: readonly string[], now: readonly string[]): readonly string[] {
  const groups = Map.groupBy(now.keys(), (index) => now[index] ?? "");
  return [...groups].flatMap(([answer, indexes]) => {
    const others = indexes.filter((index) => before[index] !== answer);
    return others.length === 0 ? [] : [`  ${answer} ← ${others.map(nameOf).join(", ")}`];
  });
}

const nameOf = (index: number): string => `${questions[index]?.type} (${index})`;

const beginning = ["RequestUpdate", "RequestDeletion", "RequestNamespace", "DetectDrift"];

/** Who begins something has an operation of their own; all else is asked in the name of the one under way. */
const answers = (namespace: Namespace): readonly string[] =>
  questions.map((question) => {
    const own = namespace.operation?.id ?? a.operation;
    const operation = beginning.includes(question.type) ? a.another : own;
    return answer({ ...question, operation }, namespace).replaceAll(question.type, "it");
  });

function answer(command: NamespaceCommand, namespace: Namespace): string {
  try {
    const events = decide(command, namespace);
    return events.map(({ type, data }) => `${type} ${named(data)}`).join(", ") || "quiet";
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return withNames(`${error.code}: ${error.message} ${named(error.details)}`);
  }
}

const things: readonly (readonly [object, string])[] = [
  [a.request, "request"],
  [l.largerRequest, "larger request"],
  [l.readersRequest, "readers' request"],
  [l.protectedRequest, "protected request"],
  [a.selection.plan, "plan"],
  [l.largerSelection.plan, "larger plan"],
  [a.selection.trace, "trace"],
  [a.topic, "topic"],
  [a.table, "table"],
  [l.largerTopic, "larger topic"],
  [a.outage, "outage"],
  [a.workflow, "workflow"],
  [l.finding, "finding"],
  [l.overCap, "over cap"],
  [a.request.access, "access"],
];
const known = new Map(things.map(([thing, name]) => [JSON.stringify(thing), `the ${name}`]));
const ids = {
  create: a.operation,
  another: a.another,
  update: l.updating,
  delete: l.deleting,
  repair: l.repairing,
};

/** What the examples know has a name; all else is written in full. */
const named = (value: unknown): string =>
  withNames(
    JSON.stringify(value, (_, member) =>
      typeof member === "object" && member !== null ? (known.get(JSON.stringify(member)) ?? member) : member,
    ),
  );

const withNames = (text: string): string =>
  Object.entries(ids).reduce((so, [name, id]) => so.replaceAll(id, `«${name}»`), text);
