import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { connection } from "../../sdk/typescript/connection.ts";
import type { Discovery, Endpoint } from "../../sdk/typescript/endpoint.ts";
import { until } from "../setup/until.ts";

const one: Endpoint = { address: "127.0.0.1:1" };
const discovered = (endpoints: Discovery) => connection({ namespace: "orders", token: "t", endpoints });

describe("a connection that discovers where a namespace is served", () => {
  it("asks again soon where nobody serves it, and no more once somebody does", async () => {
    const answers = [[], [], [one]];
    let asked = 0;
    const { route, close } = discovered(async () => answers[Math.min(asked++, 2)] ?? []);
    await expect(route()).rejects.toMatchObject({ code: "NAMESPACE_NOT_READY" });
    await until(() => route().then(Boolean, () => false));
    expect(asked).toBe(3);
    await pause(150);
    expect(await route()).toBe("127.0.0.1:1");
    expect(asked).toBe(3);
    close();
  });

  it("asks once for all who want to know at the same time", async () => {
    let asked = 0;
    const answer = Promise.withResolvers<readonly Endpoint[]>();
    const { route, close } = discovered(() => {
      asked++;
      return answer.promise;
    });
    const routes = Array.from({ length: 20 }, () => route("key"));
    answer.resolve([one]);
    expect(new Set(await Promise.all(routes)).size).toBe(1);
    expect(asked).toBe(1);
    close();
  });

  it("stays with those it knows while nobody can be asked", async () => {
    let asked = 0;
    const { route, avoid, close } = discovered(async () => {
      if (asked++ > 0) throw new Error("the control plane is away");
      return [one];
    });
    expect(await route()).toBe("127.0.0.1:1");
    avoid();
    // Once, and not before each call.
    for (let call = 0; call < 3; call++) expect(await route()).toBe("127.0.0.1:1");
    expect(asked).toBe(2);
    close();
  });
});
