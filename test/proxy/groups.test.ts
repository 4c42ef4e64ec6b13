import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { deliveryMemory } from "../../proxy/delivery-memory.ts";
import { groups } from "../../proxy/groups.ts";
import { fresh, never, stored, subscriber } from "./group-stage.ts";
import { memoryLog } from "./memory-log.ts";

const wanted = { topic: "t", group: "g", start: "earliest" } as const;

/** A namespace's groups on one proxy; its backend can keep whoever commits waiting. */
function stage() {
  const memory = memoryLog();
  const hanging = Promise.withResolvers<void>();
  let hangs = false;
  let members = 0;
  const here = groups({
    proxy: "p",
    prefix: "prism.n.1",
    ordered: false,
    memory: deliveryMemory().open("n"),
    backend: {
      ...memory.log,
      async join(membership) {
        members++;
        const member = await memory.log.join(membership);
        return {
          ...member,
          async commit(progress) {
            if (hangs) await hanging.promise;
            return member.commit(progress);
          },
        };
      },
    },
    deadLetter: async () => {},
    troubled: () => {},
  });
  return {
    here,
    memory,
    members: () => members,
    hang: () => {
      hangs = true;
    },
    answer: () => {
      hangs = false;
      hanging.resolve();
    },
  };
}

it("begins a group anew for whoever joins while its failed membership still commits", async () => {
  const { here, memory, members, hang, answer } = stage();
  const [one, two] = [subscriber(), subscriber()];
  const failed = await here.join(wanted, one.self);
  memory.assign(fresh(0));
  memory.deliver(0, [stored(0)], 1n);
  failed.acknowledge(one.taken[0]?.receipt ?? never());
  hang();
  memory.fail(new Error("fenced"));
  expect(one.ended.map(({ message }) => message)).toEqual(["fenced"]);
  const left = here.leave(failed, one.self);
  const joining = here.join(wanted, two.self);
  await pause(50);
  // Not beside the one that is still leaving.
  expect(members()).toBe(1);
  answer();
  await left;
  const joined = await joining;
  expect(members()).toBe(2);
  memory.assign(fresh(0, 1n));
  memory.deliver(0, [stored(1)], 2n);
  expect(two.ids()).toEqual(["m1"]);
  expect(here.holding(two.taken[0]?.receipt ?? never())).toBe(joined);
  await here.close(new Error("the proxy ends"));
});

it("ends a failed membership once, however often that is said", async () => {
  const { here, memory, members } = stage();
  const one = subscriber();
  const failed = await here.join(wanted, one.self);
  memory.fail(new Error("fenced"));
  memory.fail(new Error("still fenced"));
  await here.leave(failed, one.self);
  const two = subscriber();
  await here.join(wanted, two.self);
  memory.assign(fresh(0));
  memory.deliver(0, [stored(0)], 1n);
  expect([members(), two.ids()]).toEqual([2, ["m0"]]);
  await here.close(new Error("the proxy ends"));
});
