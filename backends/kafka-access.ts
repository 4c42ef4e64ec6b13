import {
  type Acl,
  AclOperations,
  AclPermissionTypes,
  type Admin,
  alterUserScramCredentialsV0,
  describeUserScramCredentialsV0,
  type GenericError,
  ResourcePatternTypes,
  ResourceTypes,
  ScramMechanisms,
} from "@platformatic/kafka";
import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import { lifeOfLogin } from "../domain/selection/names.ts";
import type { Drift, Login, Owner } from "./backend.ts";
import type { KafkaAdministration } from "./kafka-resource.ts";
import type { Credentials } from "./logins.ts";
import { scram, tellingIterations } from "./scram.ts";
import type { Timed } from "./timed.ts";

const securityDisabled = 54;
const noSuchUser = 91;

/** A namespace's own login, and its rights on one topic and its own consumer groups. */
export type KafkaAccess = {
  /** What is not as it should be; nothing where Kafka cannot confine anybody. */
  drift(owner: Owner, topic: string, timed: Timed): Promise<readonly Drift[]>;
  ensure(owner: Owner, topic: string, timed: Timed): Promise<Login>;
  /** Takes the rights on a topic; with the last topic goes the login. */
  remove(owner: Owner, topic: string, timed: Timed): Promise<void>;
  /** Of everybody who is called like a login of Prism's, whether it can log in or only has rules. */
  list(timed: Timed): Promise<readonly Thing[]>;
  /** With all its rules, where only our secret can have made it; `false`: it is left alone. */
  removeOurs(name: string, owner: Owner, timed: Timed): Promise<boolean>;
};

/**
 * Confinement needs two things of a broker: that it asks who somebody is, and an
 * authorizer. Where either is missing, whoever reaches the broker may do everything; then
 * no login is made, and that is said.
 */
export function kafkaAccess({ admin, pool, ask, loggedIn, logins }: KafkaAdministration): KafkaAccess {
  const credentialsOf = (owner: Owner): Credentials => logins("kafka", owner);

  const rules = async (owner: Owner, timed: Timed): Promise<readonly Acl[] | undefined> => {
    if (!loggedIn) return undefined;
    const principal = principalOf(credentialsOf(owner));
    const described = () => describeRules(admin, { principal }).catch(unlessDisabled);
    return ask("list the rules of a namespace", timed, described);
  };

  /** Finished lives of the name that still have a right on the topic. */
  const deadLives = async (owner: Owner, topic: string, timed: Timed): Promise<readonly Owner[]> => {
    const described = () => describeRules(admin, { resourceName: topic });
    const found = await ask("list the rules on a topic", timed, described);
    const principals = new Set(found.map(({ principal }) => principal));
    return Array.from({ length: owner.incarnation - 1 }, (_, index) => ({
      ...owner,
      incarnation: index + 1,
    })).filter((life) => principals.has(principalOf(credentialsOf(life))));
  };

  const take = async (owner: Owner, topic: string, timed: Timed): Promise<void> => {
    const actual = (await rules(owner, timed)) ?? [];
    const { user } = credentialsOf(owner);
    const others = actual.some(
      ({ resourceType, resourceName }) => resourceType === ResourceTypes.TOPIC && resourceName !== topic,
    );
    const going = others ? actual.filter(({ resourceName }) => resourceName === topic) : actual;
    if (others) await takeRules(user, going, timed);
    else await removeUser(user, going, timed);
  };

  /** The login goes first, so that nobody acts on rules that are about to go. */
  const removeUser = async (user: string, held: readonly Acl[], timed: Timed): Promise<void> => {
    await alterUser(timed, `remove user ${user}`, [{ name: user, mechanism }], []);
    await takeRules(user, held, timed);
  };

  const takeRules = async (user: string, going: readonly Acl[], timed: Timed): Promise<void> => {
    if (going.length === 0) return;
    await ask(`take ${user} its rules`, timed, () => admin.deleteAcls({ filters: [...going] }));
  };

  /** Those with a password; of everybody where none is named. */
  const usersOf = async (timed: Timed, ...names: readonly string[]) =>
    ask("look up users", timed, async () => {
      const connection = await pool.any(await admin.metadata({ topics: [] }));
      const asked = describeUserScramCredentialsV0.api.async(
        connection,
        names.map((name) => ({ name })),
      );
      return (await asked.catch(unlessNumber(noSuchUser, { results: [] }))).results;
    });

  /** What its password was hashed with; `undefined` where there is no such login. */
  const iterationsOf = async (timed: Timed, user: string): Promise<number | undefined> => {
    const infos = (await usersOf(timed, user)).flatMap(({ credentialInfos }) => credentialInfos);
    const held = infos.find((info) => info.mechanism === mechanism);
    return held && Number(held.iterations);
  };

  const alterUser = async (timed: Timed, what: string, ...changes: Changes): Promise<void> => {
    await ask(what, timed, async () => {
      const connection = await pool.any(await admin.metadata({ topics: [] }));
      const asked = alterUserScramCredentialsV0.api.async(connection, ...changes);
      await asked.catch(unlessNumber(noSuchUser, undefined));
    });
  };

  return {
    async drift(owner, topic, timed) {
      const actual = await rules(owner, timed);
      if (actual === undefined) return [];
      const credentials = credentialsOf(owner);
      const { user } = credentials;
      const wanted = rulesFor(owner, principalOf({ user }), topic);
      const held = new Set(actual.map(written));
      const missing = wanted.map(written).filter((rule) => !held.has(rule));
      const drift: Drift[] = missing.map((rule) => ({ field: rule, planned: "allowed", actual: "missing" }));
      const beyond = actual.filter((rule) => !mayHold(owner, topic, rule)).map(written);
      drift.push(...beyond.map((rule) => ({ field: rule, planned: "absent", actual: "there" })));
      for (const { incarnation } of await deadLives(owner, topic, timed)) {
        drift.push({ field: `login of life ${incarnation}`, planned: "absent", actual: "there" });
      }
      const iterations = await iterationsOf(timed, user);
      if (iterations === undefined) {
        drift.push({ field: `login ${user}`, planned: "SCRAM-SHA-512", actual: "missing" });
      } else if (iterations !== tellingIterations(credentials)) {
        drift.push({ field: "password", planned: "the derived one", actual: "another" });
      }
      return drift;
    },

    async ensure(owner, topic, timed) {
      const actual = await rules(owner, timed);
      if (actual === undefined) return { none: whyNone(loggedIn) };
      for (const life of await deadLives(owner, topic, timed)) await take(life, topic, timed);
      const credentials = credentialsOf(owner);
      const hashed = scram("sha512", credentials, tellingIterations(credentials));
      const user = { name: credentials.user, mechanism, ...hashed };
      await alterUser(timed, `set up user ${credentials.user}`, [], [user]);
      const beyond = actual.filter((rule) => !mayHold(owner, topic, rule));
      if (beyond.length > 0) {
        await ask("take rules away", timed, () => admin.deleteAcls({ filters: [...beyond] }));
      }
      const creations = [...rulesFor(owner, principalOf(credentials), topic)];
      await ask(`allow ${credentials.user} its topic`, timed, () => admin.createAcls({ creations }));
      return { user: credentials.user };
    },

    async remove(owner, topic, timed) {
      if ((await rules(owner, timed)) === undefined) return;
      for (const life of await deadLives(owner, topic, timed)) await take(life, topic, timed);
      await take(owner, topic, timed);
    },

    async list(timed) {
      if (!loggedIn) return [];
      const described = () => describeRules(admin, {}).catch(unlessDisabled);
      const found = await ask("list everybody's rules", timed, described);
      if (found === undefined) return [];
      const principals = found.map(({ principal }) => principal.replace(/^User:/, ""));
      const names = new Set([...principals, ...(await usersOf(timed)).map(({ user }) => user)]);
      return [...names].flatMap((name) => {
        const owner = lifeOfLogin(name);
        return owner === undefined
          ? []
          : [{ backend: "kafka", kind: loginKind, name, identity: name, owner }];
      });
    },

    async removeOurs(name, owner, timed) {
      const credentials = credentialsOf(owner);
      const held = await rules(owner, timed);
      if (held === undefined || name !== credentials.user) return false;
      const iterations = await iterationsOf(timed, name);
      if (iterations === undefined) return held.length === 0;
      if (iterations !== tellingIterations(credentials)) return false;
      await removeUser(name, held, timed);
      return true;
    },
  };
}

const mechanism = ScramMechanisms.SCRAM_SHA_512;

type Changes = Parameters<typeof alterUserScramCredentialsV0.createRequest>;

const whyNone = (loggedIn: boolean): string =>
  loggedIn
    ? "Kafka has no authorizer: whoever reaches it may do everything"
    : "Kafka asks nobody who they are: whoever reaches it may do everything";

/** Consumer groups of a namespace's life begin with this; the dot keeps life 1 out of life 12's. */
const groupsOf = ({ namespace, incarnation }: Owner): string => `prism.${namespace}.${incarnation}.`;

const principalOf = ({ user }: Pick<Credentials, "user">): string => `User:${user}`;

/** READ and WRITE bring DESCRIBE with them: what is its own it may also list. */
function rulesFor(owner: Owner, principal: string, topic: string): readonly Acl[] {
  const permission = { principal, host: "*", permissionType: AclPermissionTypes.ALLOW };
  const onTopic = {
    resourceType: ResourceTypes.TOPIC,
    resourceName: topic,
    resourcePatternType: ResourcePatternTypes.LITERAL,
  };
  const onGroups = {
    resourceType: ResourceTypes.GROUP,
    resourceName: groupsOf(owner),
    resourcePatternType: ResourcePatternTypes.PREFIXED,
  };
  return [
    { ...permission, ...onTopic, operation: AclOperations.READ },
    { ...permission, ...onTopic, operation: AclOperations.WRITE },
    { ...permission, ...onGroups, operation: AclOperations.READ },
  ];
}

/** Rules on further topics of the namespace are there for those; everything wider is not ours to leave. */
function mayHold(owner: Owner, topic: string, rule: Acl): boolean {
  const { namespace } = owner;
  const name = rule.resourceName;
  const own = [topic, `${namespace}-queue`, `${namespace}-pubsub`];
  const its = own.includes(name) || name.startsWith(`${namespace}.`) ? name : topic;
  return rulesFor(owner, rule.principal, its).some((wanted) => written(wanted) === written(rule));
}

const nameIn = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, each]) => each === value)?.[0] ?? String(value);

const written = ({
  resourceType,
  resourceName,
  resourcePatternType,
  operation,
  permissionType,
}: Acl): string =>
  [
    "rule",
    nameIn(AclPermissionTypes, permissionType),
    nameIn(AclOperations, operation),
    nameIn(ResourceTypes, resourceType),
    nameIn(ResourcePatternTypes, resourcePatternType),
    resourceName,
  ].join(" ");

/** All rules of somebody, all on one topic, or all there are. */
async function describeRules(
  admin: Admin,
  about: { readonly principal?: string; readonly resourceName?: string },
): Promise<readonly Acl[]> {
  const filter = {
    resourceType: ResourceTypes.ANY,
    resourceName: null,
    resourcePatternType: ResourcePatternTypes.ANY,
    principal: null,
    host: null,
    operation: AclOperations.ANY,
    permissionType: AclPermissionTypes.ANY,
    ...("resourceName" in about ? { resourceType: ResourceTypes.TOPIC } : {}),
    ...about,
  };
  const found = await admin.describeAcls({ filter });
  return found.flatMap(({ acls, ...target }) => acls.map((acl) => ({ ...target, ...acl })));
}

const unlessDisabled = (error: unknown): undefined => unlessNumber(securityDisabled, undefined)(error);

/** Takes one of Kafka's numbers for an answer. */
const unlessNumber =
  <T>(apiCode: number, answer: T) =>
  (error: unknown): T => {
    const { findBy } = error as Partial<GenericError>;
    if (findBy === undefined || findBy.call(error, "apiCode", apiCode) === null) throw error;
    return answer;
  };
