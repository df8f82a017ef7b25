import { plan } from '../plan/plan.ts'
import { commandProber } from '../probe/command-prober.ts'
import { probeCapture, type ProbeResult } from '../probe/probe-capture.ts'
import { type ExitCode, exitCodes, UsageError } from './exit-code.ts'
import { readWanted } from './input.ts'
import { type CommandIo } from './io.ts'
import { type Options, outputOf } from './istio-options.ts'
import { jsonText, visible } from './output.ts'

/**
 * Makes connections to a port that nobody serves and says whether they are captured. Nobody may
 * serve the capture ports meanwhile.
 */
export async function probeCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const wanted = await readWanted(io, options, { isFound: true })
  if (wanted.form === 'istio') {
    throw new UsageError('probe knows our own form only: leave --compat istio out')
  }
  const { spec } = wanted
  const [uid, gid] = [spec.proxyUids[0] ?? 0, spec.proxyGids[0] ?? 0]
  const { ok, results } = await probeCapture({
    rules: plan(spec),
    prober: commandProber({ runner: io.runner, node: io.node }),
    proxy: { uid, gid },
    podAddresses: io.addresses().filter((address) => isUsable(address)),
  })
  if (outputOf(options) === 'json') io.stdout(jsonText({ verb: 'probe', ok, results }))
  else io.stdout(results.length === 0 ? 'nothing is captured: nothing to try\n' : lines(results))
  return ok ? exitCodes.ok : exitCodes.different
}

/** Loopback addresses are not captured, and link-local ones need a zone. */
function isUsable(address: string): boolean {
  return !/^(?:127\.|169\.254\.|::1$|::6$|fe[89ab])/.test(address)
}

function lines(results: readonly ProbeResult[]): string {
  return results
    .map(({ ok, direction, target, targetPort, capturePort, detail }) => {
      const where = `${direction} to ${target} port ${targetPort}, by ${capturePort}`
      return `${visible(`${ok ? 'captured' : 'NOT captured'}: ${where}: ${detail}`)}\n`
    })
    .join('')
}
