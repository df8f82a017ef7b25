import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bunPath, compileArguments } from '../tools/bun.ts'

/** How often each program is started; their turns alternate, so that all see the same machine. */
const RUNS = 50

const folder = mkdtempSync(join(tmpdir(), 'pxt-start-up-'))
const plugin = join(import.meta.dirname, '../dist/proxy-cni')

interface Candidate {
  readonly name: string
  readonly file: string
  readonly env: Record<string, string>
  readonly times: number[]
}

function candidate(name: string, file: string, env: Record<string, string> = {}): Candidate {
  return { name, file, env, times: [] }
}

/** The smallest program that bun can compile, two ways. */
function hello(name: string, source: string): string {
  const entry = join(folder, `${name}.ts`)
  writeFileSync(entry, source)
  const outfile = join(folder, name)
  const { status } = spawnSync(bunPath(), compileArguments(entry, outfile), { cwd: folder })
  if (status !== 0) throw new Error(`bun could not compile ${name}`)
  return outfile
}

const conf = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'proxy-cni',
  runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'example.org/team': 'a' } },
  prevResult: {
    cniVersion: '1.0.0',
    interfaces: [{ name: 'eth0', sandbox: '/run/netns/x' }],
    ips: [{ address: '10.1.2.3/24', interface: 0 }],
  },
})

const add = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c0ffee',
  CNI_NETNS: '/run/netns/none',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=reviews-1',
}

try {
  const candidates = [
    candidate('/bin/true', '/bin/true'),
    candidate(
      'bun, writes to fd 1',
      hello('fd', "import { writeSync } from 'node:fs'\nwriteSync(1, 'hello')\n"),
    ),
    candidate('bun, process.stdout', hello('stream', "process.stdout.write('hello')\n")),
    candidate('proxy-cni VERSION', plugin, { CNI_COMMAND: 'VERSION' }),
    candidate('proxy-cni ADD, not selected', plugin, add),
    candidate('proxy-cni ADD, excluded', plugin, { ...add, CNI_ARGS: '' }),
  ]
  for (let run = 0; run < RUNS; run += 1) {
    for (const { file, env, times } of candidates) {
      const start = performance.now()
      const { status } = spawnSync(file, [], { input: conf, env })
      times.push(performance.now() - start)
      if (status !== 0) throw new Error(`${file} exited with ${status}`)
    }
  }
  const at = (times: number[], share: number): number =>
    times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0
  const base = at(candidates[0]?.times ?? [], 0.5)
  for (const { name, times } of candidates) {
    const [p10, p50, p90] = [0.1, 0.5, 0.9].map((share) => at(times, share).toFixed(1))
    const ratio = (at(times, 0.5) / base).toFixed(1)
    process.stdout.write(
      `${name.padEnd(28)} p10 ${p10} ms   p50 ${p50} ms   p90 ${p90} ms   ${ratio} x /bin/true\n`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}
