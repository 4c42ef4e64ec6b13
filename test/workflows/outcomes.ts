import type { ErrorCode } from "../../domain/errors.ts";
import { backendOf } from "../../domain/selection/inventory.ts";
import { development } from "../domain/inventories.ts";
import type { Life, Play, Wish } from "./play.ts";
import type { Stage } from "./stage.ts";

/** More than a team may have without asking. */
const much = { data_size: "2TB" };

export type Outcome = { readonly play: Play; readonly life: Life };

/** Every way a create can end, and what becomes of it after. Those that need somebody's word get it, or do not. */
export const outcomes: Readonly<Record<string, (stage: Stage) => Promise<Outcome>>> = {
  active: async (stage) => ended(await stage.create("active")),
  approved: async (stage) => {
    const play = await waiting(stage, "approved");
    await play.tell("approve", { plan_hash: await planHash(play), comment: "for the sale" });
    return ended(play);
  },
  rejected: async (stage) => {
    const play = await waiting(stage, "rejected");
    await play.tell("reject", { plan_hash: await planHash(play), reason: "too much" });
    return ended(play);
  },
  stale: async (stage) => {
    const play = await waiting(stage, "stale");
    const first = await planHash(play);
    stage.inventory.kafka = backendOf("kafka", { brokers: 3 });
    try {
      await play.tell("approve", { plan_hash: first }).then(
        () => Promise.reject(new Error("a stale approval was taken")),
        () => {},
      );
      await play.tell("approve", { plan_hash: await planHash(play) });
      return await ended(play);
    } finally {
      Object.assign(stage.inventory, development);
    }
  },
  expired: async (stage) => {
    const play = await waiting(stage, "expired");
    return ended(play);
  },
  failed: async (stage) =>
    ended(
      await stage.create("failed", {
        faultsOf: () => [{ step: "probe", moment: "before", code: "FORBIDDEN" }],
      }),
    ),
  cancelled: async (stage) => {
    const play = await stage.create("cancelled", {
      faultsOf: () => [{ step: "register", moment: "before", code: "BACKEND_UNAVAILABLE" }],
    });
    await play.reaches("waiting");
    await play.tell("cancel");
    return ended(play);
  },
  parked: async (stage) => {
    const play = await stage.create("parked", {
      faultsOf: () => [{ step: "probe", moment: "before", code: "BACKEND_UNAVAILABLE", times: 4 }],
    });
    await play.reaches("waiting");
    await play.tell("retry");
    return ended(play);
  },
  updated: async (stage) => ended(await stage.update(await active(stage, "updated"), more)),
  "update-approved": async (stage) => {
    const play = await stage.update(await active(stage, "update-approved"), { needs: much });
    await play.reaches("awaiting_approval");
    await play.tell("approve", { plan_hash: await planHash(play) });
    return ended(play);
  },
  "update-failed": async (stage) =>
    ended(
      await stage.update(await active(stage, "update-failed"), more, {
        faultsOf: () => [{ step: "apply", moment: "before", code: "FORBIDDEN" }],
      }),
    ),
  "update-grown": async (stage) =>
    ended(
      await stage.update(await active(stage, "update-grown", { ordered: true }), {
        needs: { write_rps: 4_000 },
      }),
    ),
  "update-not-grown": async (stage) => {
    const play = await active(stage, "update-not-grown", { ordered: true });
    stage.slow.add(play.namespace);
    return ended(await stage.update(play, { needs: { write_rps: 4_000 } }));
  },
  deleted: async (stage) => ended(await stage.remove(await active(stage, "deleted"))),
  "delete-failed": async (stage) =>
    ended(
      await stage.remove(await active(stage, "delete-failed"), {
        faultsOf: () => [{ step: "stop-traffic", moment: "before", code: "FORBIDDEN" }],
      }),
    ),
  repaired: async (stage) => ended((await lost(stage, "repaired")).play),
  "repair-failed": async (stage) => ended((await lost(stage, "repair-failed", "MIGRATION_REQUIRED")).play),
  cleaned: async (stage) => {
    const play = await stage.create("cleaned", {
      faultsOf: (namespace) => [
        { step: "probe", moment: "before", code: "FORBIDDEN" },
        { step: `remove kafka topic ${namespace}-queue`, moment: "before", code: "BACKEND_UNAVAILABLE" },
      ],
    });
    await play.ended();
    stage.fail(play.namespace, []);
    await stage.sweep(play.namespace);
    return ended(play);
  },
  swept: async (stage) => {
    const { play, swept } = await lost(stage, "swept");
    return { play: { ...play, handle: swept.handle }, life: await play.life() };
  },
  moved: async (stage) => ended(await stage.move(await active(stage, "moved"))),
  "move-failed": async (stage) =>
    ended(
      await stage.move(await active(stage, "move-failed"), {
        faultsOf: () => [{ step: "probe", moment: "before", code: "FORBIDDEN" }],
      }),
    ),
  rewound: async (stage) => ended(await stage.rewind(await active(stage, "rewound"))),
  "rewind-failed": async (stage) =>
    ended(
      await stage.rewind(await active(stage, "rewind-failed"), {
        faultsOf: () => [{ step: "rewind", moment: "before", code: "FORBIDDEN" }],
      }),
    ),
};

const more = { needs: { write_rps: 400 } };

/** Its topic is gone, and a sweep has it repaired; `code`: what the repair is refused with. */
async function lost(stage: Stage, name: string, code?: ErrorCode) {
  const play = await active(stage, name);
  const step = `ensure kafka topic ${play.namespace}-queue`;
  if (code !== undefined) stage.fail(play.namespace, [{ step, moment: "before", code }]);
  stage.backends.kafka.lose(`${play.namespace}-queue`);
  return { play, swept: await stage.sweep(play.namespace) };
}

async function active(stage: Stage, name: string, needs: Wish["needs"] = {}): Promise<Play> {
  const play = await stage.create(name, { needs });
  await play.ended();
  return play;
}

async function waiting(stage: Stage, name: string): Promise<Play> {
  const play = await stage.create(name, { needs: much });
  await play.reaches("awaiting_approval");
  return play;
}

const ended = async (play: Play): Promise<Outcome> => ({ play, life: await play.ended() });

async function planHash(play: Play): Promise<string> {
  const asked = (await play.life()).events.findLast(({ type }) => type === "ApprovalRequested");
  return asked?.type === "ApprovalRequested" ? asked.data.plan_hash : "";
}
