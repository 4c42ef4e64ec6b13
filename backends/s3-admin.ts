import { createHash, createHmac } from "node:crypto";
import type { Ask } from "./ask.ts";
import { isUnknownLogin, type S3Address } from "./s3-client.ts";
import type { Timed } from "./timed.ts";

/** Users of a versitygw. AWS has none of this: there a namespace gets a role (docs/aws-s3.md). */
export type S3Users = {
  /** The users there are; `undefined` where this server makes none for us. */
  list(timed: Timed): Promise<ReadonlySet<string> | undefined>;
  set(user: string, secret: string, timed: Timed): Promise<void>;
  remove(user: string, timed: Timed): Promise<void>;
};

export function s3Users(address: S3Address, ask: Ask): S3Users {
  const call = async (path: string, timed: Timed, query: Record<string, string>, body: string) => {
    const url = new URL(path, address.endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers = signed(url, body, address, new Date());
    const answer = await fetch(url, { method: "PATCH", headers, body, signal: timed.signal });
    const { status } = answer;
    const text = await answer.text();
    const code = /<Code>([^<]*)/.exec(text)?.[1] ?? "";
    // These say that we are unknown, not what the server can do.
    if (isUnknownLogin(code) || code === "RequestTimeTooSkewed")
      throw new Error(`${path}: ${status} ${code}`);
    return { status, code, text };
  };
  /** `unless`: statuses that are answers too. Answers the status. */
  const done = async (
    path: string,
    timed: Timed,
    query: Record<string, string>,
    body: string,
    unless: number,
  ) => {
    const { status, code } = await call(path, timed, query, body);
    if (status < 300 || status === unless) return status;
    throw new Error(`${path}: ${status} ${code}`);
  };

  return {
    list: (timed) =>
      ask("list its users", timed, async () => {
        const { status, text } = await call("/list-users", timed, {}, "");
        if (status >= 300) return unmade(status, text);
        return new Set([...text.matchAll(/<Access>([^<]*)<\/Access>/g)].map(([, name]) => name ?? ""));
      }),

    async set(user, secret, timed) {
      const changed = `<MutableProps><Secret>${secret}</Secret><Role>user</Role></MutableProps>`;
      const made = `<Account><Access>${user}</Access><Secret>${secret}</Secret><Role>user</Role></Account>`;
      await ask(`set up user ${user}`, timed, async () => {
        const update = () => done("/update-user", timed, { access: user }, changed, 404);
        if ((await update()) !== 404) return;
        timed.throwIfOver();
        // Resources of a namespace are made side by side, and all of them want the one user.
        if ((await done("/create-user", timed, {}, made, 409)) !== 409) return;
        timed.throwIfOver();
        await update();
      });
    },

    async remove(user, timed) {
      // Not looked for in a list: where that alone is refused, the login would stay.
      await ask(`delete user ${user}`, timed, async () => {
        const { status, text } = await call("/delete-user", timed, { access: user }, "");
        if (status >= 300 && status !== 404) unmade(status, text);
      });
    },
  };
}

/** A server that makes no users refuses in many words; one that is in trouble says so by 5xx. */
function unmade(status: number, text: string): undefined {
  if (status >= 500 && status !== 501) throw new Error(`${status} ${text.slice(0, 200)}`);
  return undefined;
}

/** Signature version 4, for calls that the S3 client does not know. */
function signed(url: URL, body: string, { accessKeyId, secretAccessKey, region }: S3Address, now: Date) {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const mac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const headers = { host: url.host, "x-amz-content-sha256": hash(body), "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const canonical = [
    "PATCH",
    url.pathname,
    url.searchParams.toString(),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    "",
    names,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(mac, `AWS4${secretAccessKey}`);
  const signature = mac(key, toSign).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
