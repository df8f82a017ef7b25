/** Starts one sidecar as an agent would; the test kills it at some moment. */
import { readFileSync } from 'node:fs'
import { argv, stdout } from 'node:process'
import { processRuntime, type SidecarSpec } from '../../../src/index.ts'

const { envoy, state, spec, until } = JSON.parse(readFileSync(argv[2] ?? '', 'utf8')) as {
  envoy: string
  state: string
  spec: SidecarSpec
  until: string
}
const runtime = processRuntime({ envoyPath: envoy, stateDirectory: state })
if (until === 'start') stdout.write('starting\n')
await runtime.start(spec)
if (until === 'ready') {
  await runtime.waitUntilReady(spec.id)
  stdout.write('ready\n')
}
setInterval(() => undefined, 1000)
