import type { Log as Backend, LogStart } from "../backends/log.ts";
import type { NamespaceMemory } from "./delivery-memory.ts";
import { group } from "./group.ts";
import type { DeadLetter, Group, GroupOptions } from "./group-contract.ts";
import type { Delivered } from "./message.ts";
import { type Receipt, receiptElsewhere } from "./receipt.ts";
import type { Subscriber } from "./subscriber.ts";

type GroupsOptions = {
  readonly proxy: string;
  /** Of the groups' names in the backend: `prism.<namespace>.<incarnation>`. */
  readonly prefix: string;
  readonly ordered: boolean;
  readonly memory: NamespaceMemory;
  readonly backend: Backend;
  /** Puts a message aside that a group has failed to work on. */
  readonly deadLetter: (group: string, message: Delivered, why: DeadLetter) => Promise<void>;
  /** How long a delivery may go unacknowledged. Default 30 s. */
  readonly deadlineMs?: number | undefined;
  readonly failpoint?: GroupOptions["failpoint"];
  readonly layouts?: GroupOptions["layouts"];
  readonly troubled: (error: Error) => void;
};

type Wanted = { readonly topic: string; readonly group: string; readonly start: LogStart };

const deadLetters = ".dead-letter";

/** A namespace's consumer groups on this proxy: each is there as long as it has a subscriber here. */
export interface Groups {
  /** Resolves when the group stands and the subscriber is one of its own. */
  join(wanted: Wanted, subscriber: Subscriber): Promise<Group>;
  /** `vanished`: without a word. Resolves when what was acknowledged is committed. */
  leave(group: Group, subscriber: Subscriber, vanished?: boolean): Promise<void>;
  /** The group that a receipt of this proxy is for; `RECEIPT_ELSEWHERE` where it is for none that is here. */
  holding(receipt: Receipt): Group;
  close(error: Error): Promise<void>;
}

export function groups(options: GroupsOptions): Groups {
  const { proxy, prefix, ordered, memory, backend, deadLetter, deadlineMs, failpoint, layouts, troubled } =
    options;
  const open = new Map<string, Group>();
  const leaving = new Map<string, Promise<void>>();

  const closeGroup = (name: string, closing: Group): Promise<void> => {
    if (open.get(name) === closing) open.delete(name);
    const left = closing.close().finally(() => {
      if (leaving.get(name) === left) leaving.delete(name);
    });
    leaving.set(name, left);
    return left;
  };

  const nameOf = (wanted: Wanted): string => `${prefix}.${undotted(wanted.topic)}.${wanted.group}`;

  const begin = (name: string, wanted: Wanted): Group => {
    const begun = group({
      ...wanted,
      name,
      proxy,
      ordered,
      memory,
      backend,
      troubled,
      // At once: whoever joins while its last subscribers are leaving would wait in it for ever.
      failed() {
        if (open.get(name) === begun) closeGroup(name, begun).catch(troubled);
      },
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(failpoint === undefined ? {} : { failpoint }),
      ...(layouts === undefined ? {} : { layouts }),
      // What was put aside once is not put aside again: there is no further place.
      ...(wanted.topic.endsWith(deadLetters)
        ? {}
        : { deadLetter: (message, why) => deadLetter(wanted.group, message, why) }),
    });
    return begun;
  };

  const leave: Groups["leave"] = async (left, subscriber, vanished) => {
    await left.detach(subscriber, vanished);
    const name = [...open].find(([, candidate]) => candidate === left)?.[0];
    if (name !== undefined && left.subscribers === 0) await closeGroup(name, left);
  };

  return {
    async join(wanted, subscriber) {
      const name = nameOf(wanted);
      // Two lives of one group at a time would move partitions for nothing.
      while (leaving.has(name)) await leaving.get(name);
      const found = open.get(name) ?? begin(name, wanted);
      open.set(name, found);
      found.attach(subscriber);
      try {
        await found.ready;
      } catch (error) {
        await leave(found, subscriber);
        throw error;
      }
      return found;
    },
    leave,
    holding({ proxy: by, session }) {
      if (by !== proxy) throw receiptElsewhere(`the message was delivered by proxy ${by}`);
      const found = [...open.values()].find((candidate) => candidate.session === session);
      if (found === undefined) throw receiptElsewhere("the group it was delivered to has ended here");
      return found;
    },
    async close(error) {
      for (const each of open.values()) each.end(error);
      await Promise.all([...[...open].map(([name, each]) => closeGroup(name, each)), ...leaving.values()]);
    },
  };
}

/** Dots join the parts of a group's name; a topic's own must not make two groups one. */
const undotted = (topic: string): string => topic.replaceAll(".", "~");
