import {
  CniError,
  cniErrorCodes,
  cniVersions,
  convertResult,
  decodeNetConf,
  encodeResult,
  netConfOf,
  type NetConf,
  versionReply,
} from '@proxy/cni-types'
import { type CniEnvironment, readEnvironment } from './environment.ts'
import { type CniIo } from './io.ts'
import { type CniCall, type CniPlugin } from './plugin.ts'
import { readStdin } from './read-stdin.ts'
import { checkVersions, isCniCommand, verbs } from './verbs.ts'

/**
 * Serves one call of a runtime: reads the environment and stdin, checks both, calls the plugin, and
 * prints its result, or the error, on stdout. Never throws.
 *
 * @returns the exit code: 0, or 1 after an error
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#section-2-execution-protocol
 */
export async function dispatch(plugin: CniPlugin, io: CniIo): Promise<number> {
  // Filled in as soon as it is known, so that an error carries it.
  const context: { cniVersion?: string } = {}
  try {
    const output = await serve(plugin, io, context)
    if (output !== '') io.stdout.write(output)
    return 0
  } catch (error) {
    return report(error, io, context.cniVersion)
  }
}

/** Returns what goes to stdout. */
async function serve(
  plugin: CniPlugin,
  io: CniIo,
  context: { cniVersion?: string },
): Promise<string> {
  const supported = plugin.versions ?? cniVersions
  if (!io.env['CNI_COMMAND'] && plugin.about) {
    io.stderr.write(`${plugin.about}\nCNI protocol versions supported: ${supported.join(', ')}\n`)
    return ''
  }
  const environment = readEnvironment(io.env)
  const { command } = environment
  if (command === 'VERSION') return `${JSON.stringify(versionReply(supported))}\n`
  const stdin = await readStdin(io)
  const decoded = decodeNetConf(stdin)
  if (!isCniCommand(command)) {
    throw new CniError(cniErrorCodes.invalidEnvironment, `unknown CNI_COMMAND: ${command}`)
  }
  const { cniVersion } = decoded
  if (typeof cniVersion === 'string') context.cniVersion = cniVersion
  checkVersions(command, decoded, supported)
  const conf = netConfOf(decoded)
  const verb = verbs[command]
  const result = await verb.run(plugin, callOf(environment, command, stdin, conf))
  if (verb.changesNetns) await refuseOwnNetns(environment, io)
  return result === undefined ? '' : encodeResult(convertResult(result, conf.cniVersion))
}

function callOf(
  { containerId, netns, ifname, args, path }: CniEnvironment,
  command: CniCall['command'],
  stdin: Uint8Array,
  conf: NetConf,
): CniCall {
  return {
    command,
    containerId,
    netns: netns === '' ? undefined : netns,
    ifname,
    args,
    path,
    stdin,
    conf,
  }
}

/** After the call, as the reference does: a plugin may have reasons of its own to refuse first. */
async function refuseOwnNetns({ netns, netnsOverride }: CniEnvironment, io: CniIo): Promise<void> {
  if (netnsOverride || netns === '' || io.isOwnNetns === undefined) return
  let own: boolean
  try {
    own = await io.isOwnNetns(netns)
  } catch (error) {
    throw new CniError(cniErrorCodes.invalidNetns, "get plugin's netns failed", undefined, {
      cause: error,
    })
  }
  if (!own) return
  throw new CniError(
    cniErrorCodes.invalidNetns,
    "plugin's netns and netns from CNI_NETNS should not be the same",
  )
}

/** Prints an error. Stdout may be what failed, so the last resort is the exit code alone. */
function report(error: unknown, io: CniIo, cniVersion: string | undefined): number {
  try {
    const known = CniError.from(error)
    if (known !== error && error instanceof Error && error.stack !== undefined) {
      io.stderr.write(`${error.stack}\n`)
    }
    io.stdout.write(JSON.stringify(known.toJSON(cniVersion), null, 4))
  } catch {
    return 1
  }
  return 1
}
