import { createNetns, type Finished, type TestNetns } from '@proxy/testkit'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { families, renderIstioRestore } from '../../src/index.ts'
import { argumentsOf } from '../support/command-io.ts'
import { istioCases, istioConfigOf } from '../support/istio-cases.ts'
import { snapshot } from './support/snapshot.ts'

const main = fileURLToPath(new URL('../../src/command/main.ts', import.meta.url))

let netns: TestNetns
beforeEach(async () => {
  netns = await createNetns('ipt-cmd')
})
afterEach(() => netns[Symbol.asyncDispose]())

function command(...args: readonly string[]): Promise<Finished> {
  return netns.run([process.execPath, main, ...args])
}

/** Runs the command, which must end well, and gives what it printed. */
async function ok(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await command(...args)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  return stdout
}

/** Filters, addresses, routes and policies: everything that the command may touch. */
async function everything(one: TestNetns = netns): Promise<string> {
  const parts = [await snapshot(one)]
  for (const family of ['-4', '-6']) {
    parts.push(
      await one.must('ip', family, 'address', 'show', 'dev', 'lo'),
      await one.must('ip', family, 'rule', 'show'),
      await one.must('ip', family, 'route', 'show', 'table', 'all'),
    )
  }
  return parts.join('\n')
}

function byTable(a: RegExpExecArray, b: RegExpExecArray): number {
  return (a[1] ?? '').localeCompare(b[1] ?? '')
}

/** Only rules: `iptables-nft` leaves the empty chains that it made, which hold nothing. */
function rulesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => /^-A |jump|redirect|ISTIO|PROXY|proxy_/i.test(line))
}

describe.each(['iptables-nft', 'iptables-legacy'])('--compat istio by %s', (backend) => {
  const form = ['--compat', 'istio', '--backend', backend]
  const tproxy = [...form, ...argumentsOf(istioCases['tproxy']!)]
  const pod = [...form, ...argumentsOf(istioCases['pod-basic']!)]

  async function saved(one: TestNetns = netns): Promise<string> {
    const texts = await Promise.all(
      ['iptables', 'ip6tables'].map((tool) =>
        one.must(`${tool}-${backend.replace('iptables-', '')}-save`),
      ),
    )
    // Tables are listed in the order in which they came to be.
    return texts
      .flatMap((text) => [...text.matchAll(/^\*(\w+)$[^]*?^COMMIT$/gm)].sort(byTable))
      .flatMap(([text]) => text.split('\n').filter((line) => line.startsWith('-A')))
      .join('\n')
  }

  /** The rules of a case in a namespace that has seen nothing else. */
  async function fresh(name: string): Promise<string> {
    await using other = await createNetns('ipt-fresh')
    for (const family of families) {
      const text = renderIstioRestore(istioConfigOf(name), family)
      const tool = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${backend.replace('iptables-', '')}-restore`
      const { exitCode } = await other.run([tool, '--noflush'], { stdin: text })
      expect(exitCode).toBe(0)
    }
    return await saved(other)
  }

  test('apply, verify, apply, verify, remove, verify, remove', async () => {
    const before = await everything()
    expect(await ok('apply', ...tproxy)).toBe(`applied (${backend})\n`)
    expect(await saved()).toBe(await fresh('tproxy'))
    expect(await ok('verify', ...tproxy)).toBe(`as it should be (${backend})\n`)
    const once = await everything()
    const again: unknown = JSON.parse(await ok('apply', ...tproxy, '-o', 'json'))
    expect(again).toEqual({ verb: 'apply', backend, form: 'istio', changed: false })
    expect(await everything()).toBe(once)
    await ok('remove', ...tproxy)
    const { exitCode, stdout } = await command('verify', ...tproxy)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('missing policy ipv4: fwmark 1337 lookup 133\n')
    const after = await everything()
    expect(rulesOf(after)).toEqual(rulesOf(before))
    expect(after.slice(after.indexOf('1: lo'))).toBe(before.slice(before.indexOf('1: lo')))
    await ok('remove', ...tproxy)
    expect(await everything()).toBe(after)
  })

  test.for([
    ['a rule is gone', 'nat', '-D', 'ISTIO_INBOUND', '1'],
    ['a jump is gone', 'nat', '-D', 'OUTPUT', '-j', 'ISTIO_OUTPUT'],
    ['a rule is new', 'nat', '-I', 'ISTIO_OUTPUT', '-p', 'tcp', '-j', 'RETURN'],
    ['a chain is new', 'mangle', '-N', 'ISTIO_DROP'],
    ['everything is gone from a chain', 'nat', '-F', 'ISTIO_REDIRECT'],
  ] as const)('%s: verify says so, apply repairs it', async ([, table, ...change]) => {
    await ok('apply', ...pod)
    await netns.must(backend, '-t', table, ...change)
    const { exitCode, stdout } = await command('verify', ...pod)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^(missing|extra|reordered) /)
    await ok('apply', ...pod)
    await ok('verify', ...pod)
    expect(await saved()).toBe(await fresh('pod-basic'))
  })

  test.for([
    ['tproxy', 'pod-basic'],
    ['pod-basic', 'tproxy'],
    ['pod-dual-stack', 'ipv6-uid-gid'],
    ['dns-uid-gid', 'empty'],
  ] as const)('%s becomes %s', async ([first, second]) => {
    await ok('apply', ...form, ...argumentsOf(istioCases[first]!))
    await ok('apply', ...form, ...argumentsOf(istioCases[second]!))
    // What no jump and no mark gives away stays: only the flags of then could tell.
    const kept = (await saved()).split('\n').filter((line) => !line.includes(' not-istio-nic '))
    const expected = (await fresh(second)).split('\n')
    expect(kept).toEqual(expected.filter((line) => !line.includes(' not-istio-nic ')))
  })

  test('what others have stays, and keeps its place', async () => {
    await ok('apply', ...pod)
    for (const rule of ['PREROUTING -j MINE', 'MINE -p udp -j ACCEPT']) {
      if (rule.startsWith('PRE')) await netns.must(backend, '-t', 'nat', '-N', 'MINE')
      await netns.must(backend, '-t', 'nat', '-A', ...rule.split(' '))
    }
    await netns.must(backend, '-t', 'nat', '-D', 'ISTIO_INBOUND', '1')
    const before = (await saved()).split('\n').filter((line) => !line.includes('ISTIO_'))
    await ok('apply', ...pod)
    expect((await saved()).split('\n').filter((line) => !line.includes('ISTIO_'))).toEqual(before)
    expect(await saved()).toContain('-A PREROUTING -p tcp -j ISTIO_INBOUND\n-A PREROUTING -j MINE')
    await ok('remove', ...pod)
    expect((await saved()).split('\n')).toEqual(before)
  })

  test('--dry-run and render leave the namespace alone', async () => {
    const before = await everything()
    const text = await ok('apply', ...tproxy, '--dry-run')
    expect(text).toBe(
      families
        .map((one) => `# ${one}\n${renderIstioRestore(istioConfigOf('tproxy'), one)}`)
        .join(''),
    )
    await ok('remove', ...tproxy, '-n')
    expect(await everything()).toBe(before)
  })

  test('takes the place of istio-iptables', async () => {
    const flags = pod.slice(form.length)
    const binary = `--force-iptables-binary=${backend.replace('iptables-', '')}`
    await ok('istio-iptables', binary, ...flags)
    expect(await saved()).toBe(await fresh('pod-basic'))
    await ok('istio-iptables', binary, ...flags, '--cleanup-only')
    expect(await saved()).toBe('')
  })
})

describe.each(['nft', 'iptables-nft', 'iptables-legacy'])('our own form by %s', (backend) => {
  const way = ['--backend', backend]
  const flags = ['-b', '*', '-d', '15021', '-i', '*', '-m', 'TPROXY', '--enable-ipv6']

  test('apply, verify, apply, verify, remove, verify, remove', async () => {
    const before = await everything()
    expect(await ok('apply', ...way, ...flags)).toBe(`applied (${backend})\n`)
    await ok('verify', ...way, ...flags)
    const once = await everything()
    expect(once).toContain('inet6 ::6/128')
    expect(once).toContain('fwmark 0x539 lookup 133')
    await ok('apply', ...way, ...flags)
    expect(await everything()).toBe(once)
    await ok('remove', ...way)
    const { exitCode, stdout } = await command('verify', ...way, ...flags, '-o', 'json')
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, backend, form: 'own' })
    const after = await everything()
    expect(rulesOf(after)).toEqual(rulesOf(before))
    expect(after.slice(after.indexOf('1: lo'))).toBe(before.slice(before.indexOf('1: lo')))
    await ok('remove', ...way)
    expect(await everything()).toBe(after)
  })

  test('a difference is found and repaired', async () => {
    await ok('apply', ...way, ...flags)
    if (backend === 'nft') await netns.must('nft', 'flush', 'chain inet proxy_sidecar nat_outbound')
    else await netns.must(backend, '-t', 'nat', '-F', 'PROXY_SC_OUTBOUND')
    const { exitCode, stdout } = await command('verify', ...way, ...flags)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('missing rule')
    await ok('apply', ...way, ...flags)
    await ok('verify', ...way, ...flags)
  })
})

test('the back end is chosen by what is in use', async () => {
  const flags = ['--compat', 'istio', '-b', '*']
  expect(await ok('apply', ...flags)).toBe('applied (iptables-nft)\n')
  await ok('remove', ...flags)
  await netns.must('iptables-legacy', '-t', 'nat', '-A', 'INPUT', '-p', 'udp', '-j', 'RETURN')
  expect(await ok('apply', ...flags)).toBe('applied (iptables-legacy)\n')
  await ok('verify', ...flags)
})

test('without the capability it says so, with 4', async () => {
  const without = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, main]
  const { exitCode, stderr } = await netns.run(['setpriv', ...without, 'apply', '-b', '*'])
  expect(stderr).toContain('proxy-iptables: ')
  expect(exitCode).toBe(4)
})

describe('probe', () => {
  const flags = ['-b', '*', '-i', '*']

  test('shows that what is applied captures, and that what is not does not', async () => {
    await netns.must('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other')
    for (const end of ['eth0', 'other']) await netns.must('ip', 'link', 'set', end, 'up')
    await netns.must('ip', 'address', 'add', '10.77.0.2/24', 'dev', 'eth0')
    await netns.must('ip', 'route', 'add', 'default', 'dev', 'eth0')
    const before = await command('probe', ...flags)
    expect(before.stdout).toContain('NOT captured: outbound to 192.0.2.1 port 9, by 15001')
    expect(before.exitCode).toBe(1)
    await ok('apply', ...flags)
    expect(await ok('probe', ...flags)).toMatch(/^(captured: .*\n)+$/)
  })
})

test('rules of another mesh are named', async () => {
  await ok('apply', '--compat', 'istio', '-b', '*')
  const { exitCode, stderr } = await command('apply', '--backend', 'nft', '-b', '*')
  expect(exitCode).toBe(0)
  expect(stderr).toMatch(/^proxy-iptables: rules of Istio are here too \(iptables-nft: ISTIO_/)
})

test('our own rules stay with the way by which they came, and remove finds them all', async () => {
  const before = await everything()
  await ok('apply', '--backend', 'iptables-legacy', '-b', '*')
  expect(await ok('verify', '-b', '*')).toBe('as it should be (iptables-legacy)\n')
  const { stderr } = await command('apply', '--backend', 'nft', '-b', '*')
  expect(stderr).toContain('rules of ours are here by iptables-legacy too')
  await ok('remove')
  expect(rulesOf(await everything())).toEqual(rulesOf(before))
})
