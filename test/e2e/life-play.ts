import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import type { TestPrism } from "../setup/prism.ts";
import type { End, Model } from "../workflows/life-model.ts";
import type { Chapter } from "../workflows/life-story.ts";

/** Whose life it is, and who has a say in it. */
export type Setting = {
  readonly prism: TestPrism;
  readonly alice: Control;
  readonly root: Control;
  readonly namespace: string;
};

/** `said`: what people said, and was accepted; `perhaps` before what nobody answered. */
export type Played = { readonly id: string; readonly state: End; readonly said: ReadonlySet<string> };

export async function played(
  setting: Setting,
  chapter: Chapter,
  model: Model,
  origin: Chapter["asked"],
): Promise<Played> {
  const { alice, root, namespace } = setting;
  const said = new Set<string>();
  const known = new Set(model.operations.map(({ id }) => id));
  const ask = () =>
    begin(setting, chapter, model.request ?? origin).catch(({ code }: { code: string }) => ({ code }));
  let begun = await ask();
  // The workflow of the last operation ends a moment after it, and its worker has just died.
  for (const deadline = Date.now() + 120_000; isInTheWay(begun) && Date.now() < deadline; )
    begun = await ask();
  if ("code" in begun) {
    expect(refusals).toContain(begun.code);
    return { id: "", state: "refused", said };
  }
  const id = begun.operation?.id ?? "";
  if (id === "" || known.has(id)) return { id: "", state: "quiet", said };

  const say = async (verb: Chapter["parked"] | Chapter["word"], plan_hash = ""): Promise<string> => {
    const words = {
      approve: () => root.operations.approve(id, { plan_hash }),
      reject: () => root.operations.reject(id, { plan_hash, reason: "no" }),
      cancel: () => alice.operations.cancel(id),
      abandon: () => alice.operations.abandon(id),
      retry: () => alice.operations.retry(id),
    };
    const code = await words[verb]().then(
      () => "told",
      (error: { code: string }) => error.code,
    );
    if (code === "told") said.add(verb);
    // Nobody was there to take it, or it was taken and the answer got lost.
    if (code === "BACKEND_UNAVAILABLE") said.add(`perhaps ${verb}`);
    return code;
  };
  const impatient =
    chapter.impatientMs === undefined ? undefined : delay(chapter.impatientMs).then(() => say("cancel"));
  let wasParked = false;
  for (;;) {
    const { state, ended_at, plan_hash } = await alice.operations.get(id);
    if (ended_at !== null) {
      await impatient;
      return { id, state: state as End, said };
    }
    if (state === "awaiting_approval") await say(chapter.word, plan_hash ?? "");
    if (state === "waiting") {
      if (await hasPivoted(alice, namespace, id)) {
        for (const verb of ["cancel", "abandon"] as const) expect(await say(verb)).toBe("TOO_LATE");
        await say("retry");
      } else await say(wasParked ? "retry" : chapter.parked);
      wasParked = true;
    }
    await delay(100);
  }
}

const isInTheWay = (begun: object): boolean => "code" in begun && begun.code === "OPERATION_IN_PROGRESS";

const refusals = ["QUOTA_EXCEEDED", "MIGRATION_REQUIRED", "NAMESPACE_EXISTS", "NOT_FOUND"];

const hasPivoted = async (alice: Control, namespace: string, id: string): Promise<boolean> =>
  (await alice.namespaces.history(namespace, { limit: "1000" })).items.some(
    ({ type, operation_id }) =>
      operation_id === id && (type === "UpdateApplied" || type === "DrainCompleted"),
  );

/** Asks over REST, without waiting; `before`: what there is, or would be first. */
function begin({ alice, namespace }: Setting, { verb, asked }: Chapter, before: Chapter["asked"]) {
  const changed = Object.entries(asked.needs).filter(
    ([need, value]) => value !== before.needs[need as keyof typeof before.needs],
  );
  const { access, team, client_api, needs } = asked;
  switch (verb) {
    case "create":
      return alice.namespaces.create({ namespace, team, client_api, needs, access });
    case "update":
      return alice.namespaces.update(namespace, { needs: Object.fromEntries(changed), access });
    case "delete":
      return alice.namespaces.delete(namespace, { confirm: namespace });
  }
}
