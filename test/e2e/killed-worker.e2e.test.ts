import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kafkaPartitions, missingTables } from "../../stack/witnesses.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

/** Every step of a create, with the names a failpoint takes. */
const stepsOf = (namespace: string) => [
  "begin",
  "reserve-quota",
  "select",
  `ensure kafka topic ${namespace}-queue`,
  `ensure postgres wal-table wal_${namespace.replaceAll("-", "_")}`,
  "configure-access",
  "register",
  "probe",
  "commit-quota",
  "activate",
];

describe("a worker killed in the middle of a create", () => {
  let prism: TestPrism;
  let created = 0;
  beforeAll(async () => {
    prism = await testPrism({ names: ["api", "proxy"] });
  });
  afterAll(() => prism?.close());

  const cells = stepsOf("x").flatMap((_, index) =>
    (["before", "after", "recorded"] as const)
      // Only steps on resources have an effect of their own between intent and record.
      .filter((moment) => moment !== "after" || stepsOf("x")[index]?.startsWith("ensure"))
      .map((moment) => ({ index, moment })),
  );

  it.each(cells)(
    "step $index, $moment: it completes after a restart, and nothing happened twice",
    async ({ index, moment }) => {
      const namespace = prism.name(`kill-${index}-${moment}`);
      const step = stepsOf(namespace)[index];
      const control = await prism.control(member);

      const armed = prism.processes.start("worker", { PRISM_FAILPOINT: `${step}:${moment}:${namespace}` });
      await armed;
      const accepted = await control.namespaces.create(queueRequest(namespace));
      await until(() => !prism.processes.running("worker"));
      await prism.processes.start("worker");

      const operation = accepted.operation?.id ?? "";
      await until(async () => (await control.operations.get(operation)).ended_at !== null);
      const { items } = await control.namespaces.history(namespace);
      expect(items.at(-1)?.type).toBe("NamespaceActivated");
      const made = items
        .filter(({ type }) => type === "ResourceProvisioned")
        .map(({ data }) => JSON.stringify(data["resource"]));
      expect(made).toHaveLength(4);
      expect(new Set(made).size).toBe(4);
      expect(items.filter(({ type }) => type === "NamespaceRequested")).toHaveLength(1);
      expect(await kafkaPartitions(prism.environment, `${namespace}-queue`)).toBeGreaterThan(0);
      expect(await missingTables(prism.environment, [`wal_${namespace.replaceAll("-", "_")}`])).toEqual([]);
      expect((await control.teams.get("payments-team")).reserved.namespaces).toBe(++created);
      await prism.processes.stop("worker", "SIGKILL");
    },
  );
});
