/** The beginning of every quantity: digits, with a fraction if need be. Bounded, so that no text is costly. */
export const decimalPattern = String.raw`(\d{1,16}(?:\.\d{1,12})?)`;

/**
 * `1.5` × 1000 = 1500 without a floating-point error.
 * `undefined` where the product is no whole number, or too large to be exact.
 */
export function times(decimal: string, unit: number): number | undefined {
  const [whole = "0", fraction] = decimal.split(".");
  if (fraction === undefined) return exact(Number(whole) * unit);
  const product = BigInt(whole + fraction) * BigInt(unit);
  const scale = 10n ** BigInt(fraction.length);
  return product % scale === 0n ? exact(Number(product / scale)) : undefined;
}

const exact = (value: number): number | undefined => (Number.isSafeInteger(value) ? value : undefined);
