import { type RuleDiff } from '../diff/diff.ts'
import { visible } from './output.ts'
import { type RoutingNeed } from './routing.ts'

/** A difference of rules, or of what they need beside them. */
export type Difference = RuleDiff | RoutingDifference

/** Something beside the rules that is not there. */
export interface RoutingDifference {
  readonly kind: 'missing'
  readonly object: RoutingNeed['object']
  readonly family: RoutingNeed['family']
  readonly name: string
}

/** The difference that a need makes when it is not met. */
export function differenceOf({ object, family, name }: RoutingNeed): RoutingDifference {
  return { kind: 'missing', object, family, name }
}

/** A difference as a line, as `missing rule ipv4 in nat ISTIO_OUTPUT: -d 127.0.0.1/32 -j RETURN`. */
export function differenceLine(difference: Difference): string {
  const { kind, object, family, name } = difference
  const what = [kind, object, ...(family === undefined ? [] : [family])].join(' ')
  const chain = 'chain' in difference ? ` in ${difference.chain ?? ''}` : ''
  const isBoth = 'expected' in difference && 'actual' in difference
  const sides = isBoth
    ? ` (should be: ${difference.expected ?? ''}; is: ${difference.actual ?? ''})`
    : ''
  return `${visible(`${what}${chain}: ${name}${sides}`)}\n`
}
