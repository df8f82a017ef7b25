import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { workloadSpiffeId } from '../src/index.ts'
import { memoryCa } from '../src/testing/index.ts'

test('the key of an identity appears nowhere it was not asked for', async () => {
  const ca = await memoryCa()
  const identity = await ca.issue(workloadSpiffeId('cluster.local', 'default', 'reviews'))
  const { privateKeyPem } = identity
  const [, line = ''] = privateKeyPem.split('\n')
  expect(line).toMatch(/^[\w+/=]{64}$/)
  const shown = [
    JSON.stringify(identity),
    JSON.stringify({ nested: [identity] }),
    inspect(identity, { showHidden: true, getters: true, depth: Infinity }),
    inspect({ nested: identity }, { customInspect: false, showHidden: true }),
    `${Object.values(identity).join()} ${Object.keys(identity).join()}`,
    JSON.stringify({ ...identity }),
    JSON.stringify(structuredClone({ ...identity })),
    JSON.stringify(Object.assign({}, identity)),
    inspect(Object.getOwnPropertyDescriptors(identity), { depth: Infinity }),
  ]
  for (const text of shown) {
    expect(text).not.toContain(line)
    expect(text).not.toContain('PRIVATE KEY')
  }
  expect(JSON.stringify(identity)).toContain('[redacted]')
  expect(Object.keys(identity)).not.toContain('privateKeyPem')
})

test('an identity does not change under the hands of those who hold it', async () => {
  const ca = await memoryCa()
  const identity = await ca.issue(workloadSpiffeId('cluster.local', 'default', 'reviews'))
  expect(Object.isFrozen(identity)).toBe(true)
  expect(Reflect.set(identity, 'privateKeyPem', 'x')).toBe(false)
})
