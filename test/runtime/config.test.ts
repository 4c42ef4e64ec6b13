import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { refuseDevelopmentIssuerOffLoopback } from "../../runtime/auth.ts";
import { apiConfig, proxyConfig, workerConfig } from "../../runtime/config.ts";

const credential = join(mkdtempSync(join(tmpdir(), "prism-config-")), "credential");
writeFileSync(credential, "secret\n");
const whole = {
  PRISM_CONTROL_URL: "postgres://control/c",
  PRISM_DATA_URL: "postgres://data/d",
  PRISM_KAFKA_BROKERS: "a:9092, b:9092",
  PRISM_TEMPORAL_ADDRESS: "t:7233",
  PRISM_CONTROL_CREDENTIAL: credential,
  PRISM_DEV_ISSUER: "issuer.json",
  PRISM_PROXY_DATA_DIR: "proxy",
};
const without = (name: string) => ({ ...whole, [name]: undefined });

describe("what a process is told", () => {
  it("is enough with the servers alone", () => {
    expect(apiConfig(whole)).toMatchObject({
      port: 8900,
      controlPort: 8901,
      host: "127.0.0.1",
      controlCredential: "secret",
    });
    expect(workerConfig(whole)).toMatchObject({ operatorPort: 8991, kafkaBrokers: ["a:9092", "b:9092"] });
    expect(proxyConfig(whole)).toMatchObject({ proxyPort: 8980, operatorPort: 8990, shard: "shard-1" });
  });

  it.each([
    ["PRISM_CONTROL_URL", apiConfig],
    ["PRISM_TEMPORAL_ADDRESS", apiConfig],
    ["PRISM_CONTROL_CREDENTIAL", apiConfig],
    ["PRISM_DEV_ISSUER", apiConfig],
    ["PRISM_DATA_URL", workerConfig],
    ["PRISM_KAFKA_BROKERS", workerConfig],
    ["PRISM_PROXY_DATA_DIR", proxyConfig],
  ] as const)("names %s where it is missing", (name, read) =>
    expect(() => read(without(name))).toThrow(new RegExp(`^${name} is not set: it names `)),
  );

  it("names a variable that makes no sense", () => {
    expect(() => apiConfig({ ...whole, PRISM_API_PORT: "eighty" })).toThrow(
      "PRISM_API_PORT must be a whole number",
    );
    expect(() => apiConfig({ ...whole, PRISM_LOG_LEVEL: "loud" })).toThrow("PRISM_LOG_LEVEL must be one of");
    expect(() => apiConfig({ ...whole, PRISM_CONTROL_CREDENTIAL: "nowhere" })).toThrow(
      "names a file that cannot be read",
    );
  });

  it("keeps tenants' data off the control database", () =>
    expect(() => workerConfig({ ...whole, PRISM_DATA_URL: whole.PRISM_CONTROL_URL })).toThrow(
      "PRISM_DATA_URL is the control database",
    ));

  it("asks for issuer and audience with a key set", () => {
    const jwks = { ...whole, PRISM_JWKS_URL: "http://keys" };
    expect(() => apiConfig(jwks)).toThrow("PRISM_JWT_ISSUER is not set");
    expect(apiConfig({ ...jwks, PRISM_JWT_ISSUER: "i", PRISM_JWT_AUDIENCE: "a" }).auth).toEqual({
      kind: "jwks",
      url: "http://keys",
      issuer: "i",
      audience: "a",
    });
  });

  it("keeps the development issuer on loopback", () => {
    const issuer = { kind: "development", file: "issuer.json" } as const;
    expect(() => refuseDevelopmentIssuerOffLoopback(issuer, ["127.0.0.1", "::1", "localhost"])).not.toThrow();
    expect(() => refuseDevelopmentIssuerOffLoopback(issuer, ["0.0.0.0"])).toThrow("loopback only");
  });
});
