import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3 } from "../../backends/s3.ts";
import { type S3Users, s3Users } from "../../backends/s3-admin.ts";
import { callOf } from "./call-of.ts";
import { shared } from "./own-s3.ts";
import { common } from "./s3-subject.ts";

const never = new AbortController().signal;
const ask = <T>(_what: string, _timed: unknown, question: () => Promise<T>) => question();
const timed = { ...callOf("any"), throwIfOver: () => {}, leftMs: () => 10_000, answered: () => {} };

describe("an S3 whose keys Prism has wrong", () => {
  it.each([
    ["the secret", { secretAccessKey: "wrong" }],
    ["both", { accessKeyId: "nobody", secretAccessKey: "wrong" }],
  ])("is not healthy: %s", async (_, wrong) => {
    const backend = s3({ ...common, address: { ...shared, ...wrong } });
    await expect(backend.health(never)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await backend.close();
  });
});

/** Answers what users are asked of it by what it is told to. */
describe("users of an S3 that refuses some of it", () => {
  let server: Server;
  let users: S3Users;
  let asked: string[];
  let answers: Readonly<Record<string, readonly [status: number, code: string]>>;
  beforeAll(async () => {
    server = createServer(({ url = "" }, response) => {
      const path = url.replace(/\?.*/, "");
      asked.push(path);
      const [status, code] = answers[path] ?? [200, ""];
      response.statusCode = status;
      response.end(`<Error><Code>${code}</Code></Error>`);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    users = s3Users({ ...shared, endpoint: `http://127.0.0.1:${port}` }, ask);
  });
  afterAll(() => void server.close());
  const told = (next: typeof answers) => {
    [answers, asked] = [next, []];
  };

  it.each(["InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"])(
    "are not thought to be none: %s",
    async (code) => {
      told({ "/list-users": [403, code], "/delete-user": [403, code] });
      await expect(users.list(timed)).rejects.toThrow(code);
      await expect(users.remove("orders", timed)).rejects.toThrow(code);
    },
  );

  it("are none where it makes none", async () => {
    told({ "/list-users": [403, "AccessDenied"], "/delete-user": [405, "MethodNotAllowed"] });
    expect(await users.list(timed)).toBeUndefined();
    await users.remove("orders", timed);
  });

  it("are removed also where it lists none", async () => {
    told({ "/list-users": [403, "AccessDenied"] });
    await users.remove("orders", timed);
    expect(asked).toContain("/delete-user");
  });

  it("are waited for where it is in trouble", async () => {
    told({ "/delete-user": [503, "SlowDown"] });
    await expect(users.remove("orders", timed)).rejects.toThrow("503");
  });

  it("are not made when the time for it is over", async () => {
    told({ "/update-user": [404, "NoSuchUser"] });
    const over = () => {
      throw new Error("over");
    };
    await expect(users.set("orders", "secret", { ...timed, throwIfOver: over })).rejects.toThrow("over");
    expect(asked).toEqual(["/update-user"]);
  });
});
