import { type Annotations, annotationNames, readAnnotation, readWord } from './annotations.ts'
import { PolicyError, quoted } from './error.ts'
import { parseCidrList, parseInterfaceList, parsePortList, unique } from './lists.ts'
import { type RedirectRequest } from './spec.ts'

/** Istio's ports of the sidecar itself (merged metrics, health, Envoy metrics): never captured. */
const SIDECAR_PORTS = [15_020, 15_021, 15_090] as const

/** What `excludeInboundPorts` and `excludeOutboundPorts` are when no annotation sets them. */
const DEFAULT_EXCLUDED_PORTS = [15_020] as const

const PORTS = 'a comma separated list of ports from 0 to 65535, or empty'
const CIDRS = 'a comma separated list of CIDRs without spaces, or empty'
const NONE_INSTEAD = 'to capture nothing, set the matching include annotation to ""'

function portsOrAll(text: string): '*' | number[] {
  return text === '*' ? '*' : parsePortList(text)
}

function cidrsOrAll(text: string): '*' | string[] {
  return text === '*' ? '*' : parseCidrList(text)
}

/**
 * How the pod wants its traffic captured: Istio's `traffic.sidecar.istio.io/` annotations with
 * Istio's defaults. Where Istio lets through what then fails in the kernel (`*` in an exclude
 * list or in `includeOutboundPorts`), this refuses it; IPv6 is always captured.
 * @throws PolicyError `annotation-invalid`
 */
export function redirectRequestOf(annotations: Annotations): RedirectRequest {
  const names = annotationNames
  refuseVirtualInterfaces(annotations)
  const ports = (name: string, hint = ''): number[] | undefined =>
    readAnnotation(annotations, name, `${PORTS}${hint}`, parsePortList)
  const excludedInbound = ports(names.excludeInboundPorts, `; ${NONE_INSTEAD}`)
  const excludedOutbound = ports(names.excludeOutboundPorts, `; ${NONE_INSTEAD}`)
  return {
    mode: 'REDIRECT',
    families: ['ipv4', 'ipv6'],
    includeInboundPorts:
      readAnnotation(annotations, names.includeInboundPorts, `"*" or ${PORTS}`, portsOrAll) ?? '*',
    excludeInboundPorts: unique([...(excludedInbound ?? DEFAULT_EXCLUDED_PORTS), ...SIDECAR_PORTS]),
    includeOutboundPorts: ports(names.includeOutboundPorts) ?? [],
    excludeOutboundPorts: excludedOutbound ?? [...DEFAULT_EXCLUDED_PORTS],
    includeOutboundCidrs:
      readAnnotation(annotations, names.includeOutboundCidrs, `"*" or ${CIDRS}`, cidrsOrAll) ?? '*',
    excludeOutboundCidrs:
      readAnnotation(annotations, names.excludeOutboundCidrs, CIDRS, parseCidrList) ?? [],
    excludeInterfaces:
      readAnnotation(
        annotations,
        names.excludeInterfaces,
        'a comma separated list of interface names, or empty',
        parseInterfaceList,
      ) ?? [],
  }
}

/**
 * `NONE` (legal for Istio's injector) means no capture; absent means `REDIRECT`.
 * @throws PolicyError `annotation-invalid` for anything else, `TPROXY` included.
 */
export function interceptionModeOf(annotations: Annotations): 'REDIRECT' | 'NONE' {
  const words = ['REDIRECT', 'NONE'] as const
  return readWord(annotations, annotationNames.interceptionMode, words) ?? 'REDIRECT'
}

/** A virtual machine's interface that is not rerouted would be a way around the proxy. */
function refuseVirtualInterfaces(annotations: Annotations): void {
  const { rerouteVirtualInterfaces, kubevirtInterfaces } = annotationNames
  const name = Object.hasOwn(annotations, rerouteVirtualInterfaces)
    ? rerouteVirtualInterfaces
    : kubevirtInterfaces
  const text = annotations[name] ?? ''
  if (text === '') return
  throw new PolicyError(
    'annotation-invalid',
    `annotation ${name} is ${quoted(text)}: rerouting virtual interfaces is not supported, it must be empty`,
  )
}
