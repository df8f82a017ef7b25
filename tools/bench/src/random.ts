/** Numbers from 0 (inclusive) to 1 (exclusive), the same ones for the same seed (an LCG of Knuth). */
export function seededRandom(seed: number): () => number {
  let state = BigInt(seed)
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number(state >> 32n) / 2 ** 32
  }
}
