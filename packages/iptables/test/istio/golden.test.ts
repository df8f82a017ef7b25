import { describe, expect, test } from 'vitest'

import { families, renderIstioRestore } from '../../src/index.ts'
import { istioCases, istioConfigOf } from '../support/istio-cases.ts'

// Made from the numbered steps in the reference and read by a person; `vitest -u` rewrites them.
describe.each(Object.keys(istioCases))('%s', (name) => {
  const config = istioConfigOf(name)
  const made = families.filter((family) => family === 'ipv4' || config.enableIpv6)

  test.for(made)('%s', async (family) => {
    const text = renderIstioRestore(config, family)
    await expect(text).toMatchFileSnapshot(`../golden/istio/${name}.${family}.rules`)
  })

  test('nothing for a family that is not captured', () => {
    const others = families.filter((family) => !made.includes(family))
    expect(others.map((family) => renderIstioRestore(config, family))).toEqual(others.map(() => ''))
  })
})
