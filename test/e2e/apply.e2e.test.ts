import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, queueRequest, stranger } from "./request.ts";
import { runPrism } from "./run-prism.ts";

type Line = { namespace: string; action: string; status: string | null; changes: { field: string }[] };

describe("a file that is applied", () => {
  let prism: TestPrism;
  let alice: Control;
  let token: string;
  const folder = mkdtempSync(join(tmpdir(), "prism-apply-"));
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
    token = await prism.token(member);
  });
  afterAll(async () => {
    await prism?.close();
    rmSync(folder, { recursive: true });
  });

  const file = (...requests: readonly object[]): string => {
    const path = join(folder, "requests.yaml");
    writeFileSync(path, requests.map((request) => stringify(request)).join("---\n"));
    return path;
  };
  const apply = async (path: string, ...more: string[]) => {
    const run = await runPrism(prism.api, token, ["apply", "-f", path, "-o", "json", ...more]);
    return { code: run.code, stderr: run.stderr, report: JSON.parse(run.stdout) as Line[] };
  };
  const actions = (report: readonly Line[]) => report.map(({ action }) => action);
  const events = async (name: string) => (await alice.namespaces.history(name)).items.length;

  it("is created, then there, then updated, and says before what it would do", {
    timeout: 240_000,
  }, async () => {
    const [one, two] = [prism.name("one"), prism.name("two")];
    const first = queueRequest(one);
    const both = file(first, queueRequest(two));
    const dry = await apply(both, "--dry-run");
    expect(dry).toMatchObject({ code: 0, report: [{ action: "create" }, { action: "create" }] });
    await expect(alice.namespaces.get(one)).rejects.toMatchObject({ code: "NOT_FOUND" });

    const created = await apply(both, "--wait");
    expect(created.report.map(({ action, status }) => [action, status])).toEqual([
      ["create", "active"],
      ["create", "active"],
    ]);
    const before = [await events(one), await events(two)];
    expect(actions((await apply(both, "--wait")).report)).toEqual(["unchanged", "unchanged"]);
    expect([await events(one), await events(two)]).toEqual(before);

    // What is left out of the file goes back to its default; who is taken off a list is refused.
    const larger = { ...first, needs: { ...first.needs, write_rps: 250 }, access: { consumers: [] } };
    const changed = file(larger, queueRequest(two));
    const would = await apply(changed, "--dry-run");
    expect(actions(would.report)).toEqual(["update", "unchanged"]);
    expect(would.report[0]?.changes.map(({ field }) => field).sort()).toEqual([
      "access.consumers",
      "access.owners",
      "needs.write_rps",
    ]);
    expect([await events(one), await events(two)]).toEqual(before);
    expect(actions((await apply(changed, "--wait")).report)).toEqual(["update", "unchanged"]);
    expect(await alice.namespaces.get(one)).toMatchObject({ version: 2, needs: { write_rps: 250 } });
    expect(actions((await apply(changed)).report)).toEqual(["unchanged", "unchanged"]);

    // One that cannot be stops none of the others, and is told in its place.
    const moved = { ...first, needs: { durability: "best-effort" } };
    const partly = file(
      { ...first, namespace: "?" },
      moved,
      queueRequest(two, { needs: { ...first.needs, write_rps: 260 } }),
    );
    const mixed = await apply(partly, "--wait");
    expect(mixed).toMatchObject({ code: 1, stderr: expect.stringContaining("2 of 3 were refused") });
    expect(actions(mixed.report)).toEqual(["refused", "refused", "update"]);
    expect(await alice.namespaces.get(two)).toMatchObject({ needs: { write_rps: 260 } });
  });

  describe("a preview of an update", () => {
    let name: string;
    beforeAll(async () => {
      name = prism.name("previewed");
      const needs = { ...queueRequest(name).needs, ordered: false };
      const created = await alice.namespaces.create(queueRequest(name, { needs }), { waitSeconds: 60 });
      expect(created.status).toBe("active");
    });

    it("says what changes, in fields, resources and quota, by a merge patch or the whole request", async () => {
      const patch = { needs: { write_rps: 1_200 } };
      const byPatch = await alice.preview(patch, { namespace: name });
      expect(byPatch).toMatchObject({
        violations: [],
        approval_required: false,
        update: {
          version: 1,
          changes: [{ field: "needs.write_rps", from: 100, to: 1_200 }],
          quota: { before: { write_rps: 100 }, after: { write_rps: 1_200 } },
          patch,
        },
      });
      expect(byPatch.update?.resources.grown.map(({ name: topic }) => topic)).toEqual([`${name}-queue`]);
      const needs = { ...queueRequest(name).needs, ordered: false, write_rps: 1_200 };
      expect((await alice.preview(queueRequest(name, { needs }))).update).toEqual(byPatch.update);
      expect(await alice.namespaces.get(name)).toMatchObject({ version: 1, needs: { write_rps: 100 } });
    });

    it("says what would need approval, what would have to move, and what is refused", async () => {
      const wish = (patch: object) => alice.preview(patch, { namespace: name });
      expect(await wish({ needs: { kafka_partitions: 7 } })).toMatchObject({
        approval_required: true,
        violations: [],
      });
      const moved = await wish({ needs: { durability: "best-effort" } });
      expect(moved).toMatchObject({ plan: null, violations: [{ code: "MIGRATION_REQUIRED" }] });
      expect(moved.update?.resources.moves.map(({ what }) => what)).toContain("patterns");
      expect((await wish({ team: "marketing-team" })).violations).not.toEqual([]);
      expect((await wish({ needs: { write_rsp: 5 } })).violations).toMatchObject([
        { code: "INVALID_CONFIGURATION" },
      ]);
    });

    it("is shown by prism plan and prism namespace diff", async () => {
      const path = file(
        queueRequest(name, { needs: { ...queueRequest(name).needs, ordered: false, write_rps: 900 } }),
      );
      for (const command of [
        ["plan", "-f", path],
        ["namespace", "diff", name, "-f", path],
      ]) {
        const { code, stdout } = await runPrism(prism.api, token, command);
        expect({ code, stdout }).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/needs\.write_rps +100 +900/),
        });
      }
    });

    it("tells others nothing: to them the name is just a name", async () => {
      const mallory = await prism.control(stranger);
      const theirs = queueRequest(name, { team: "marketing-team", access: { owners: [], consumers: [] } });
      expect(await mallory.preview(theirs)).toMatchObject({ update: null, violations: [] });
      await expect(mallory.preview({ needs: {} }, { namespace: name })).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
    });
  });
});
