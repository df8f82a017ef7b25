import { IptablesError } from '../error.ts'
import { type SpecIssue } from '../spec/issue.ts'
import { messageOf } from '../spec/report.ts'
import { type IstioConfig } from './config.ts'
import { istioEnablesIpv6 } from './enable-ipv6.ts'
import {
  allOr,
  filled,
  listOf,
  maxOwnerGroups,
  numberFrom,
  type Read,
  readAddress,
  readCidr,
  readInterface,
  readLoopback,
  readOwner,
  readPort,
  readSwitch,
} from './fields.ts'
import { type IstioSettings } from './settings.ts'

/** What `istio-iptables` finds out by itself, for what no flag states. */
export interface IstioSurroundings {
  /** The pod's addresses in the order of its interfaces. Default: not known, so no IPv6. */
  readonly addresses?: readonly string[]
  /** Name servers of `/etc/resolv.conf`. Default none. */
  readonly dnsServers?: readonly string[]
  /** The user that the proxy runs as when no flag says so. Default 1337. */
  readonly proxyUid?: string
}

const port = numberFrom(1, 65_535)
const number32 = numberFrom(1, 4_294_967_295)
const ports = listOf(readPort)
const cidrs = listOf(readCidr)
const interfaces = listOf(readInterface)
const owners = listOf(readOwner)
const addresses = listOf(readAddress)

/**
 * Reads what flags and variables say. Throws IptablesError `spec-invalid` whose `issues` name each
 * fault, with the flag or variable, the value and what is allowed.
 */
export function parseIstioConfig(
  settings: IstioSettings,
  around: IstioSurroundings = {},
): IstioConfig {
  const issues: SpecIssue[] = []
  /** An empty text is as good as none: variables of a pod are often set to nothing. */
  const read = <T>(name: string, reader: (text: string) => Read<T>, fallback: T): T => {
    const setting = settings.get(name)
    if (setting === undefined || setting.text.trim() === '') return fallback
    const result = reader(setting.text)
    if ('value' in result) return result.value
    issues.push({ path: setting.origin, value: setting.text, message: result.wrong })
    return fallback
  }

  const proxyUids = read('proxy-uid', filled(owners), [around.proxyUid ?? '1337'])
  const hostAddresses = read('host-ip', addresses, around.addresses ?? [])
  const isDualStack = read('dual-stack', readSwitch, false)
  const config: IstioConfig = {
    enableIpv6: read(
      'enable-ipv6',
      readSwitch,
      hostAddresses.length === 0 ? isDualStack : istioEnablesIpv6(hostAddresses, isDualStack),
    ),
    mode: read('istio-inbound-interception-mode', readMode, 'REDIRECT'),
    outboundPort: read('envoy-port', port, 15_001),
    inboundPort: read('inbound-capture-port', port, 15_006),
    tunnelPort: read('inbound-tunnel-port', port, 15_008),
    proxyUids,
    proxyGids: read('proxy-gid', filled(owners), proxyUids),
    tproxyMark: read('istio-inbound-tproxy-mark', number32, 1337),
    tproxyRouteTable: read('istio-inbound-tproxy-route-table', number32, 133),
    includeInboundPorts: read<IstioConfig['includeInboundPorts']>(
      'istio-inbound-ports',
      allOr(ports),
      undefined,
    ),
    excludeInboundPorts: read('istio-local-exclude-ports', ports, []),
    includeOutboundPorts: read('istio-outbound-ports', ports, []),
    excludeOutboundPorts: read('istio-local-outbound-ports-exclude', ports, []),
    includeOutboundCidrs: read<IstioConfig['includeOutboundCidrs']>(
      'istio-service-cidr',
      allOr(cidrs),
      [],
    ),
    excludeOutboundCidrs: read('istio-service-exclude-cidr', cidrs, []),
    excludeInterfaces: read('istio-exclude-interfaces', interfaces, []),
    virtualInterfaces: read('kube-virt-interfaces', interfaces, []),
    includeOwnerGroups: ownerGroups(settings, read),
    excludeOwnerGroups: read('outbound-owner-groups-exclude', owners, []),
    redirectDns: read('redirect-dns', readSwitch, false),
    captureAllDns: read('capture-all-dns', readSwitch, false),
    dnsServers: settings.has('dns-servers')
      ? read('dns-servers', addresses, [])
      : (around.dnsServers ?? []),
    dropInvalid: read('drop-invalid', readSwitch, false),
    loopbackCidr: read('outbound-ipv4-loopback-cidr', readLoopback, '127.0.0.1/32'),
  }
  if (issues.length > 0) throw new IptablesError('spec-invalid', messageOf(issues), { issues })
  return config
}

function readMode(text: string): Read<'REDIRECT' | 'TPROXY'> {
  return text === 'REDIRECT' || text === 'TPROXY'
    ? { value: text }
    : { wrong: 'must be REDIRECT or TPROXY' }
}

/** Here an empty text does mean something: no group at all. */
function ownerGroups(
  settings: IstioSettings,
  read: <T>(name: string, reader: (text: string) => Read<T>, fallback: T) => T,
): '*' | readonly string[] {
  if (settings.get('outbound-owner-groups')?.text === '') return []
  return read<'*' | readonly string[]>('outbound-owner-groups', allOr(fewGroups), '*')
}

function fewGroups(text: string): Read<readonly string[]> {
  const read = owners(text)
  return 'value' in read && read.value.length > maxOwnerGroups
    ? { wrong: `must have at most ${maxOwnerGroups} entries` }
    : read
}
