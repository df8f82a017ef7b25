import { createHash } from 'node:crypto'

import { ruleSetText } from './canonical.ts'
import { type RuleSet } from './rule-set.ts'

/**
 * A fingerprint of the meaning of a rule set: SHA-256 in hexadecimal. Equal for rule sets that
 * differ only in the order of chains, sets, conditions or elements.
 */
export function ruleSetHash(rules: RuleSet): string {
  return createHash('sha256').update(ruleSetText(rules)).digest('hex')
}
