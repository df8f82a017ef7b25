import { createNetns, createTempDir, type TempDir, type TestNetns } from '@proxy/testkit'
import { join } from 'node:path'
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { families, type Family, renderIstioRestore } from '../../src/index.ts'
import { compareIstio } from '../../src/istio/compare.ts'
import { istioRules } from '../../src/istio/rules.ts'
import { chainsOf, chainsOfSave } from '../../src/istio/state.ts'
import { istioCases, istioConfigOf } from '../support/istio-cases.ts'

/** Groups that a case names; this machine need not have them. */
const groups: Readonly<Record<string, number>> = { java: 7001, ftp: 7002 }
const ids = { uid: () => undefined, gid: (name: string) => groups[name] }

let directory: TempDir
beforeAll(async () => {
  directory = await createTempDir('ipt-istio')
  const own = Object.entries(groups).map(([name, id]) => `${name}:x:${id}:\n`)
  const others = (await readFile('/etc/group', 'utf8'))
    .split('\n')
    .filter((line) => !Object.hasOwn(groups, line.split(':')[0] ?? ''))
  await writeFile(join(directory.path, 'group'), own.join('') + others.join('\n'))
})
afterAll(() => directory[Symbol.asyncDispose]())

/** Runs a program that sees the groups, in a mount namespace of its own. */
async function withGroups(
  netns: TestNetns,
  argv: readonly string[],
  stdin?: string,
): Promise<string> {
  const bind = `mount --bind ${join(directory.path, 'group')} /etc/group && exec "$@"`
  const { exitCode, stdout, stderr } = await netns.run(
    ['unshare', '--mount', 'sh', '-ec', bind, 'sh', ...argv],
    stdin === undefined ? {} : { stdin },
  )
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  return stdout
}

function tool(family: Family, variant: string, verb = ''): string {
  return `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}${verb}`
}

function withoutCounters(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replaceAll(/\[\d+:\d+\]/g, '').trimEnd())
    .join('\n')
}

describe.each(['nft', 'legacy'])('iptables-%s', (variant) => {
  test.for(Object.keys(istioCases))('%s is what the kernel has afterwards', async (name) => {
    await using netns = await createNetns('ipt-istio')
    const config = istioConfigOf(name)
    for (const family of families) {
      const text = renderIstioRestore(config, family)
      if (text === '') continue
      await withGroups(netns, [tool(family, variant, '-restore'), '--noflush'], text)
      const saved = await netns.must(tool(family, variant, '-save'))
      const rules = istioRules(config, family)
      const wanted = chainsOf(rules, family, ids)
      expect(compareIstio(wanted, chainsOfSave(saved, family, ids), family)).toEqual([])
      // Nothing beside them: the comparison leaves rules of others out.
      expect(saved.match(/^-A /gm)).toHaveLength(rules.length)
    }
  })

  // Another way to the same rules, which knows nothing of tables and of the order of chains.
  test.for(Object.keys(istioCases))('%s is what one command per rule makes', async (name) => {
    await using restored = await createNetns('ipt-istio')
    await using typed = await createNetns('ipt-istio')
    const config = istioConfigOf(name)
    for (const family of families) {
      const text = renderIstioRestore(config, family)
      if (text === '') continue
      await withGroups(restored, [tool(family, variant, '-restore'), '--noflush'], text)
      let table = ''
      const script = text.split('\n').flatMap((line) => {
        if (line.startsWith('* ')) table = line.slice(2)
        if (!line.startsWith('-')) return []
        return [`${tool(family, variant)} -t ${table} ${line.replaceAll('!', "'!'")}`]
      })
      await withGroups(typed, ['sh', '-ec', script.join('\n')])
      const save = tool(family, variant, '-save')
      const [one, other] = await Promise.all([restored.must(save), typed.must(save)])
      expect(withoutCounters(one)).toBe(withoutCounters(other))
    }
  })
})
