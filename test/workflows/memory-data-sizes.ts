import type { DataSize, DataSizes } from "../../control/data-sizes.ts";

/** Sizes that are only remembered. */
export function memoryDataSizes(): DataSizes {
  let kept: readonly DataSize[] = [];
  return {
    all: async () => kept,
    of: async (namespaces) => kept.filter(({ namespace }) => namespaces.includes(namespace)),
    async keep(sizes) {
      kept = sizes;
    },
  };
}
