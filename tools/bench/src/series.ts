/** Something whose duration is measured. */
export interface Variant {
  /** Unique; begins with what is done: `ADD chain, bare`. */
  readonly name: string
  /** Does it once and returns how long the part that counts took, in milliseconds. */
  measure(round: number): Promise<number>
}

/** The durations of each variant, by name. */
export type Series = ReadonlyMap<string, readonly number[]>

/** How {@link measureInterleaved} goes on. */
export interface InterleavedOptions {
  readonly rounds: number
  /** Rounds before, which do not count: caches fill, programs are read from disk. Default 2. */
  readonly warmUp?: number
  /** Gives numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  /** Called before each round that counts. */
  readonly onRound?: (round: number) => void
}

/**
 * Measures every variant once per round, in another order each time: whatever the machine does
 * meanwhile hits all of them alike, so their ratios stay true where their values drift.
 */
export async function measureInterleaved(
  variants: readonly Variant[],
  { rounds, warmUp = 2, random, onRound = () => undefined }: InterleavedOptions,
): Promise<Series> {
  const series = new Map<string, number[]>(variants.map(({ name }) => [name, []]))
  for (let round = -warmUp; round < rounds; round += 1) {
    if (round >= 0) onRound(round)
    for (const variant of shuffled(variants, random)) {
      const durationMs = await variant.measure(round + warmUp)
      if (round >= 0) series.get(variant.name)?.push(durationMs)
    }
  }
  return series
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}
