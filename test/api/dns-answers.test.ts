import { describe, expect, it } from "vitest";
import { answersTo, type NamedProxy } from "../../api/dns-answers.ts";

const proxy = (address: string, more: Partial<NamedProxy> = {}): NamedProxy => ({
  address,
  region: "eu",
  shard: "shard-1",
  healthy: true,
  load: 0,
  ...more,
});
const fleet = [
  proxy("10.0.0.1:8980"),
  proxy("10.0.0.2:8981", { load: 40, region: "US" }),
  proxy("[fd00::3]:8980", { shard: "second" }),
  proxy("proxy-4.example.net:8980", { load: 100 }),
  proxy("10.0.0.5:8980", { healthy: false }),
];
const ask = (name: string, type: string) => answersTo({ name, type }, fleet, "example.com");
/** The data of what is answered; or that it is not known. */
const told = (name: string, type: string): unknown => {
  const answered = ask(name, type);
  return answered.kind === "known" ? answered.answers.map((one) => "data" in one && one.data) : answered.kind;
};

describe("the names of proxies", () => {
  it("are addresses, of those that are well", () => {
    expect(told("prism.example.com", "A")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(told("prism.example.com", "AAAA")).toEqual(["fd00::3"]);
    expect(told("PRISM.Example.COM.", "A")).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  it("are host, port and weight, with the hosts' addresses beside them", () => {
    const services = told("prism.example.com", "SRV");
    expect(services).toEqual([
      { priority: 0, weight: 100, port: 8980, target: "ip-10-0-0-1.prism.example.com" },
      { priority: 0, weight: 60, port: 8981, target: "ip-10-0-0-2.prism.example.com" },
      { priority: 0, weight: 100, port: 8980, target: "ip-fd00--3.prism.example.com" },
      { priority: 0, weight: 1, port: 8980, target: "proxy-4.example.net" },
    ]);
    expect(ask("prism.example.com", "SRV")).toMatchObject({
      additionals: [
        { name: "ip-10-0-0-1.prism.example.com", data: "10.0.0.1" },
        { name: "ip-10-0-0-2.prism.example.com", data: "10.0.0.2" },
        { name: "ip-fd00--3.prism.example.com", data: "fd00::3" },
      ],
    });
    expect(told("ip-10-0-0-2.prism.example.com", "A")).toEqual(["10.0.0.2"]);
    expect(told("ip-fd00--3.prism.example.com", "AAAA")).toEqual(["fd00::3"]);
  });

  it("are those of a region, or of a shard", () => {
    expect(told("prism.us.example.com", "A")).toEqual(["10.0.0.2"]);
    expect(told("second.prism.example.com", "AAAA")).toEqual(["fd00::3"]);
    expect(told("prism.asia.example.com", "A")).toBe("unknown");
  });

  it("are remembered for seconds only", () => {
    expect(ask("prism.example.com", "A")).toMatchObject({ answers: [{ ttl: 5 }, { ttl: 5 }] });
  });

  it("are nobody's where nobody lives, and none of other domains", () => {
    expect(answersTo({ name: "prism.example.com", type: "A" }, [], "example.com")).toMatchObject({
      answers: [],
    });
    expect(told("www.example.com", "A")).toBe("unknown");
    expect(told("prism.example.org", "A")).toBe("elsewhere");
    expect(told("prism.myexample.com", "A")).toBe("elsewhere");
  });
});
