import { describe, expect, test } from 'vitest'

import { families, renderNft, renderNftBatch, renderRestore } from '../src/index.ts'
import { readMessages } from '../src/netlink/reader.ts'
import { goldenCases, planOf } from './support/cases.ts'

// Each golden file was read by a person before it was checked in; `vitest -u` rewrites them.
describe.each(Object.keys(goldenCases))('%s', (name) => {
  const rules = planOf(name)

  test.for(rules.families)('%s by iptables-restore', async (family) => {
    const text = renderRestore(rules, family)
    await expect(text).toMatchFileSnapshot(`golden/${name}.${family}.rules`)
  })

  test('nothing for a family that is not captured', () => {
    const others = families.filter((family) => !rules.families.includes(family))
    expect(others.map((family) => renderRestore(rules, family))).toEqual(others.map(() => ''))
  })

  test('by nft -f', async () => {
    await expect(renderNft(rules)).toMatchFileSnapshot(`golden/${name}.script.nft`)
  })

  test('by netlink', async () => {
    const { messages, objects } = renderNftBatch(rules)
    const lines = readMessages(messages).map(({ type, flags, sequence, payload }) => {
      const header = `${sequence} type ${type.toString(16)} flags ${flags.toString(16)}`
      return `${header} ${objects.get(sequence) ?? ''}\n  ${Buffer.from(payload).toString('hex')}\n`
    })
    await expect(lines.join('')).toMatchFileSnapshot(`golden/${name}.netlink.txt`)
  })
})
