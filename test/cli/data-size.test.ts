import { expect, it } from "vitest";
import { dataKept } from "../../cli/data-size.ts";

const namespace = {
  namespace: "orders",
  status: "active",
  client_api: "queue",
  endpoints: [],
  needs: { data_size: "1GB" },
};
const data = {
  data_bytes: 812_345_678,
  measured_at: "2026-01-01T00:00:00.000Z",
  estimated: false,
  by_backend: { kafka: 812_345_000, postgres: 678 },
  alarm: true,
};

it("says for people what a namespace keeps", () => {
  const parts = "(kafka 812.3MB, postgres 678B; measured 2026-01-01T00:00:00.000Z)";
  expect(dataKept({ ...namespace, data })).toBe(`812.3MB of 1GB NEARLY FULL ${parts}`);
  expect(dataKept({ ...namespace, data: { ...data, alarm: false, estimated: true } })).toBe(
    `~812.3MB of 1GB ${parts}`,
  );
  const unmeasured = { ...data, data_bytes: null, measured_at: null, by_backend: {}, alarm: false };
  expect(dataKept({ ...namespace, data: unmeasured })).toBe("not measured yet, of 1GB");
  expect(dataKept(namespace)).toBeUndefined();
});
