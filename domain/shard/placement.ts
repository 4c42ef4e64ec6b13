import { sha256Hex } from "../sha256.ts";

/** A shard as far as placing is concerned. A shard of twice the weight is given twice as many namespaces. */
export type Candidate = { readonly shard: string; readonly weight: number };

/** Reads and writes a second, together, above which a namespace gets a shard of its own. */
export const dedicatedAboveRps = 100_000;

/** Whether it gets a shard of its own. */
export const isLarge = ({
  write_rps = 0,
  read_rps = 0,
}: {
  write_rps?: number;
  read_rps?: number;
}): boolean => write_rps + read_rps > dedicatedAboveRps;

/**
 * Weighted rendezvous hashing: every shard draws a number for the namespace, and the best draw
 * wins. A shard that is added takes its share from all others alike, and moves nothing else.
 * Answers the best first.
 */
export function ranked<Shard extends Candidate>(
  namespace: string,
  shards: readonly Shard[],
): readonly Shard[] {
  const name = seedOf(namespace);
  return shards
    .map((shard) => ({ shard, score: -shard.weight / Math.log(draw(name, seedOf(shard.shard))) }))
    .sort((a, b) => b.score - a.score || (a.shard.shard < b.shard.shard ? -1 : 1))
    .map(({ shard }) => shard);
}

type Seed = readonly [number, number];

const seeds = new Map<string, Seed>();
const mostSeeds = 1_000;

/** Of shards, which come again and again, it is remembered; names of namespaces must not fill the memory. */
function seedOf(name: string): Seed {
  const known = seeds.get(name);
  if (known !== undefined) return known;
  const hex = sha256Hex(name);
  const seed = [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8, 16), 16)] as const;
  if (seeds.size >= mostSeeds) seeds.clear();
  seeds.set(name, seed);
  return seed;
}

/** Between 0 and 1, both exclusive; the same for the same pair in every process. */
function draw([a, b]: Seed, [c, d]: Seed): number {
  const high = mixed((a ^ c) + mixed(d));
  const low = mixed((b ^ d) + high);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 53;
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
