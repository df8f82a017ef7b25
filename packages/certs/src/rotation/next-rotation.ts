import { type IdentityFacts } from '../identity/workload-identity.ts'

/** Options of {@link nextRotation}. */
export interface RotationOptions {
  /** Share of the lifetime after which an identity is replaced, 0 to 1. Default 0.5. */
  readonly ratio?: number
  /**
   * How far the share may be off in either direction, so that pods captured together do not ask
   * together. Default 0.05.
   */
  readonly jitter?: number
  /** Gives numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
}

const defaultRatio = 0.5
const defaultJitter = 0.05

/**
 * When to ask for the next identity: never before this one was issued, never after it expires.
 * Counted from `issuedAt`, so that back-dating for clock skew does not shorten the life.
 */
export function nextRotation(
  identity: Pick<IdentityFacts, 'issuedAt' | 'notAfter'>,
  { ratio = defaultRatio, jitter = defaultJitter, random }: RotationOptions,
): Date {
  const start = identity.issuedAt.getTime()
  const lifetimeMs = Math.max(identity.notAfter.getTime() - start, 0)
  const share = Math.min(Math.max(ratio + jitter * (2 * random() - 1), 0), 1)
  return new Date(Math.floor(start + lifetimeMs * share))
}
