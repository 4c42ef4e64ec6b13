import { canonicalJson, type Json } from "../domain/json.ts";
import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import { lifeOfLogin, s3Bucket } from "../domain/selection/names.ts";
import type { Drift, Login, Owner } from "./backend.ts";
import type { Credentials, Logins } from "./logins.ts";
import { s3Life } from "./prefixes.ts";
import type { S3Users } from "./s3-admin.ts";
import type { S3Buckets } from "./s3-bucket.ts";
import type { Timed } from "./timed.ts";

/** A namespace's own login, confined to its life's part of its bucket. */
export type S3Access = {
  drift(owner: Owner, bucket: string, timed: Timed): Promise<readonly Drift[]>;
  ensure(owner: Owner, bucket: string, timed: Timed): Promise<Login>;
  /** The login of this life, and with it the policy that named it. */
  remove(owner: Owner, bucket: string, timed: Timed): Promise<void>;
  /** Everybody who is called like a login of Prism's. */
  list(timed: Timed): Promise<readonly Thing[]>;
  /** One that gets in by the password that our secret gives it; `false`: it is left alone. */
  removeOurs(name: string, owner: Owner, timed: Timed): Promise<boolean>;
};

type Tools = {
  readonly users: S3Users;
  readonly buckets: S3Buckets;
  readonly logins: Logins;
  /** Whether the login's password is this one. */
  readonly lets: (credentials: Credentials, bucket: string, prefix: string, timed: Timed) => Promise<boolean>;
};

export function s3Access({ users, buckets, logins, lets }: Tools): S3Access {
  const credentialsOf = (owner: Owner) => logins("s3", owner);

  return {
    async drift(owner, bucket, timed) {
      const credentials = credentialsOf(owner);
      const { user } = credentials;
      const known = await users.list(timed);
      const planned = known === undefined ? "none" : canonicalJson(policyFor(owner, bucket, user));
      const found = await buckets.policy(bucket, timed);
      const actual = found === undefined ? "none" : canonicalJson(JSON.parse(found) as Json);
      const policy = planned === actual ? [] : [{ field: "policy", planned, actual }];
      if (known === undefined) return policy;
      if (!known.has(user))
        return [...policy, { field: `login ${user}`, planned: "there", actual: "missing" }];
      if (await lets(credentials, bucket, s3Life(owner), timed)) return policy;
      return [...policy, { field: "password", planned: "the derived one", actual: "another" }];
    },

    async ensure(owner, bucket, timed) {
      const { user, password } = credentialsOf(owner);
      if ((await users.list(timed)) === undefined) {
        await buckets.setPolicy(bucket, undefined, timed);
        return {
          none: "this S3 makes no users for Prism; on AWS give the namespace a role (docs/aws-s3.md)",
        };
      }
      await users.set(user, password, timed);
      await buckets.setPolicy(bucket, JSON.stringify(policyFor(owner, bucket, user)), timed);
      return { user };
    },

    async remove(owner, bucket, timed) {
      await users.remove(credentialsOf(owner).user, timed);
      await buckets.setPolicy(bucket, undefined, timed);
    },

    async list(timed) {
      return [...((await users.list(timed)) ?? [])].flatMap((name) => {
        const owner = lifeOfLogin(name);
        return owner === undefined ? [] : [{ backend: "s3", kind: loginKind, name, identity: name, owner }];
      });
    },

    async removeOurs(name, owner, timed) {
      const credentials = credentialsOf(owner);
      if (name !== credentials.user) return false;
      if ((await users.list(timed))?.has(name) !== true) return true;
      // Where there is no such bucket, S3 says so to those alone whom it knows.
      if (!(await lets(credentials, s3Bucket(owner.namespace), s3Life(owner), timed))) return false;
      await users.remove(name, timed);
      return true;
    },
  };
}

/** Its own objects, and lists of them; nothing of the bucket itself. */
function policyFor(owner: Owner, bucket: string, user: string) {
  const arn = `arn:aws:s3:::${bucket}`;
  const allow = { Effect: "Allow", Principal: { AWS: [user] } };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...allow,
        Sid: "Objects",
        Action: [
          "s3:GetObject",
          "s3:PutObject",
          "s3:DeleteObject",
          "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts",
        ],
        Resource: [`${arn}/${s3Life(owner)}*`],
      },
      {
        ...allow,
        Sid: "List",
        Action: ["s3:ListBucket"],
        Resource: [arn],
        Condition: { StringLike: { "s3:prefix": [`${s3Life(owner)}*`] } },
      },
    ],
  };
}
