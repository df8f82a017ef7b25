/** One claim of the demo and what was found. */
export interface Proof {
  /** A constant name for machines. */
  readonly name: string
  /** What a newcomer should know afterwards. */
  readonly claim: string
  readonly holds: boolean
  /** What was seen, a line each. */
  readonly evidence: readonly string[]
}

/** Looks, and turns what goes wrong while looking into a claim that does not hold. */
export async function prove(
  name: string,
  claim: string,
  look: () => Promise<Pick<Proof, 'holds' | 'evidence'>>,
): Promise<Proof> {
  try {
    return { name, claim, ...(await look()) }
  } catch (error) {
    return { name, claim, holds: false, evidence: [(error as Error).message] }
  }
}
