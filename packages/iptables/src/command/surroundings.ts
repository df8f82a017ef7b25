import { parseAddress } from '../model/address.ts'
import { type OwnerIds } from '../istio/normal-form.ts'
import { type IstioSurroundings } from '../istio/parse-config.ts'
import { type CommandIo } from './io.ts'

/** What Istio's program finds out by itself in the pod that it runs in. */
export async function findSurroundings(io: CommandIo): Promise<IstioSurroundings> {
  const user = io.env['ENVOY_USER'] ?? 'istio-proxy'
  const uid = numberIn(await textOf(io, '/etc/passwd'), user)
  return {
    addresses: io.addresses(),
    dnsServers: nameServers(await textOf(io, '/etc/resolv.conf')),
    ...(uid === undefined ? {} : { proxyUid: String(uid) }),
  }
}

/** The numbers of users and groups by the files of this machine; no name service is asked. */
export async function findOwnerIds(io: CommandIo): Promise<OwnerIds> {
  const [users, groups] = [await textOf(io, '/etc/passwd'), await textOf(io, '/etc/group')]
  return { uid: (name) => numberIn(users, name), gid: (name) => numberIn(groups, name) }
}

async function textOf(io: CommandIo, path: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch {
    // Images without it are common, and then it says nothing.
    return ''
  }
}

/** The third field of the line of that name, in `/etc/passwd` and `/etc/group` alike. */
function numberIn(text: string, name: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name}:`))
  const field = line?.split(':')[2] ?? ''
  return /^\d{1,10}$/.test(field) ? Number(field) : undefined
}

/** Servers with a zone (`fe80::1%eth0`) cannot be in a rule and are left out. */
function nameServers(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((server) => parseAddress(server) !== undefined)
}
