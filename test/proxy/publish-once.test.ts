import { describe, expect, it } from "vitest";
import type { Claim, PublishKeys } from "../../backends/publish-keys/publish-keys.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Message } from "../../proxy/message.ts";
import { publishOnce } from "../../proxy/publish-once.ts";
import { until } from "../setup/until.ts";

const message = (id: string, text = id): Message => ({
  id,
  topic: "t",
  key: "",
  payload: Buffer.from(text),
  metadata: {},
  publishedAtMs: 1_000,
  headers: {},
  once: true,
});

/** The table as all proxies see it. */
function table() {
  const rows = new Map<string, { publishedAtMs: number; place: string | null; silent: boolean }>();
  const renewed: string[] = [];
  let rounds = 0;
  let fails = false;
  const keys: PublishKeys = {
    async claim(asked) {
      rounds++;
      if (fails) throw new PrismError("BACKEND_UNAVAILABLE", "Postgres is away");
      return asked.map(({ id, publishedAtMs }): Claim => {
        const row = rows.get(id);
        if (row === undefined) rows.set(id, { publishedAtMs, place: null, silent: false });
        const left = row?.place === null && row.silent;
        if (row !== undefined) row.silent = false;
        const verdict = row === undefined ? "fresh" : row.place !== null ? "done" : left ? "left" : "busy";
        return { verdict, publishedAtMs: row?.publishedAtMs ?? publishedAtMs, place: row?.place ?? null };
      });
    },
    renew: async (ids) => void renewed.push(...ids),
    async settle(placed) {
      for (const [id, place] of placed) {
        const row = rows.get(id);
        if (row !== undefined) row.place = place;
      }
    },
    release: async (id) => void rows.delete(id),
  };
  return {
    keys,
    rows,
    renewed,
    rounds: () => rounds,
    away: (is: boolean) => {
      fails = is;
    },
  };
}

/** A backend, and proxies that publish to it. */
function stage() {
  const shared = table();
  const log: string[] = [];
  let answer: (at: string) => Promise<void> = async () => {};
  const proxy = () =>
    publishOnce({
      namespace: "orders",
      keys: shared.keys,
      async publish({ id, payload }) {
        const place = `k.0.${log.push(`${id}=${Buffer.from(payload)}`) - 1}`;
        await answer(id);
        return { offset: place };
      },
      async look({ id }) {
        const at = log.findIndex((each) => each.startsWith(`${id}=`));
        return at < 0 ? undefined : { offset: `k.0.${at}` };
      },
      failpoint: () => {},
      troubled: () => {},
    });
  return {
    ...shared,
    log,
    proxy,
    answers: (how: typeof answer) => {
      answer = how;
    },
  };
}

describe("a message with an idempotency key, without a log", () => {
  it("is published once, also with another payload, at once, and at another proxy", async () => {
    const { proxy, log } = stage();
    const [one, two] = [proxy(), proxy()];
    const first = await Promise.all([one.publish(message("a")), one.publish(message("a", "other"))]);
    await one.close();
    const again = await two.publish({ ...message("a", "later"), publishedAtMs: 2_000 });
    expect(log).toEqual(["a=a"]);
    expect(new Set([...first, again].map(({ offset }) => offset))).toEqual(new Set(["k.0.0"]));
    // Of the first, as what was answered then.
    expect(again.recordedAtMs).toBe(1_000);
  });

  it("waits for whoever is at it, and answers the same", async () => {
    const { proxy, log, answers } = stage();
    const written = Promise.withResolvers<void>();
    answers(() => written.promise);
    const [one, two] = [proxy(), proxy()];
    const first = one.publish(message("a"));
    await until(() => log.length === 1);
    const second = two.publish(message("a"));
    written.resolve();
    expect((await second).offset).toBe((await first).offset);
    expect(log).toEqual(["a=a"]);
  });

  it("is not published again where its publisher died after it was, and is where it died before", async () => {
    const { proxy, log, rows } = stage();
    log.push("after=payload");
    for (const id of ["before", "after"]) rows.set(id, { publishedAtMs: 500, place: null, silent: true });
    const one = proxy();
    const [before, after] = await Promise.all([
      one.publish(message("before")),
      one.publish(message("after")),
    ]);
    expect(log).toEqual(["after=payload", "before=before"]);
    expect([before.offset, after.offset]).toEqual(["k.0.1", "k.0.0"]);
  });

  it("is looked for where nobody knows whether the backend has taken it", async () => {
    const { proxy, log, rows, answers } = stage();
    answers(() => Promise.reject(new PrismError("BACKEND_UNAVAILABLE", "no answer")));
    const one = proxy();
    await expect(one.publish(message("a"))).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    answers(async () => {});
    const row = rows.get("a");
    if (row !== undefined) row.silent = true;
    expect((await one.publish(message("a"))).offset).toBe("k.0.0");
    expect(log).toEqual(["a=a"]);
  });

  it("leaves its key free where it was refused", async () => {
    const { proxy, log, answers } = stage();
    const one = proxy();
    answers(() => Promise.reject(new PrismError("PAYLOAD_TOO_LARGE", "too large")));
    await expect(one.publish(message("a", "large"))).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    answers(async () => {});
    await one.publish(message("a", "small"));
    expect(log).toEqual(["a=large", "a=small"]);
  });

  it("is not published while keys cannot be claimed, and says why", async () => {
    const { proxy, log, away } = stage();
    const one = proxy();
    away(true);
    await expect(one.publish(message("a"))).rejects.toThrow("Postgres is away");
    away(false);
    await one.publish(message("a"));
    expect(log).toEqual(["a=a"]);
  });

  it("shares a round with all that come at once, in their order; others pay nothing", async () => {
    const { proxy, log, rounds } = stage();
    const one = proxy();
    await one.publish({ ...message("free"), once: false });
    expect(rounds()).toBe(0);
    const ids = Array.from({ length: 50 }, (_, at) => `m${at}`);
    await Promise.all(ids.map((id) => one.publish(message(id))));
    expect(rounds()).toBe(1);
    expect(log.slice(1)).toEqual(ids.map((id) => `${id}=${id}`));
  });

  it("is said to be under way for as long as it is", async () => {
    const { proxy, renewed, answers } = stage();
    const written = Promise.withResolvers<void>();
    answers(() => written.promise);
    const one = proxy();
    const publishing = one.publish(message("a"));
    await until(() => renewed.includes("a"));
    written.resolve();
    await publishing;
    await one.close();
  });
});
