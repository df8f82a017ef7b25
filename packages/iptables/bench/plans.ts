import { parseRedirectSpec, plan, type RuleSet } from '../src/index.ts'

/** What a pod without annotations gets. */
const input: Readonly<Record<string, readonly number[]>> = {
  excludeInboundPorts: [15_020, 15_021, 15_090],
  excludeOutboundPorts: [15_020],
}

/** Rules of a pod without annotations. */
export const typical: RuleSet = plan(parseRedirectSpec(input))

/** The same with another port. */
export const other: RuleSet = plan(parseRedirectSpec({ ...input, excludeOutboundPorts: [15_021] }))

const many = Array.from({ length: 1000 }, (_, index) => index)

/** Rules with lists of 1,000 ports and 1,000 blocks. */
export const large: RuleSet = plan(
  parseRedirectSpec({
    families: ['ipv4'],
    excludeOutboundPorts: many.map((index) => 20_000 + 2 * index),
    excludeOutboundCidrs: many.map((index) => `10.${index >> 8}.${index & 255}.128/25`),
  }),
)
