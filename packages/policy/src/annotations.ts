import { PolicyError, quoted } from './error.ts'
import { ListItemError } from './lists.ts'

/** A pod's annotations, as the runtime hands them over. */
export type Annotations = Readonly<Record<string, string>>

/** The names of all annotations that are read. Nothing else of a pod's annotations is looked at. */
export const annotationNames = {
  /** `true` or `false`: asks for a sidecar, or refuses one. Wins over Istio's. */
  inject: 'sidecarctl.dev/inject',
  /** `closed` or `open`; the plugin configuration's `failPolicy` when absent. */
  failPolicy: 'sidecarctl.dev/fail-policy',
  /** `permissive` or `strict`; the plugin configuration's `mtls` when absent. */
  mtls: 'sidecarctl.dev/mtls',
  /** `ready` or `started`; the plugin configuration's `readiness` when absent. */
  readiness: 'sidecarctl.dev/readiness',
  /** The service account of the pod's identity; `default` when absent. */
  serviceAccount: 'sidecarctl.dev/service-account',
  /** Istio's gate: a Go boolean. What cannot be parsed is ignored, as there. */
  istioInject: 'sidecar.istio.io/inject',
  /** Set by Istio's injector: the pod already has a proxy in its spec. */
  istioStatus: 'sidecar.istio.io/status',
  /** `REDIRECT`, or `NONE` for no capture at all. */
  interceptionMode: 'sidecar.istio.io/interceptionMode',
  /** `*` or CIDRs. */
  includeOutboundCidrs: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
  /** Destinations that pass by the proxy. */
  excludeOutboundCidrs: 'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  /** `*` or ports. */
  includeInboundPorts: 'traffic.sidecar.istio.io/includeInboundPorts',
  /** Ports; Istio's own are always added. */
  excludeInboundPorts: 'traffic.sidecar.istio.io/excludeInboundPorts',
  /** Ports that are captured whatever the address. */
  includeOutboundPorts: 'traffic.sidecar.istio.io/includeOutboundPorts',
  /** Ports; replaces the default 15020. */
  excludeOutboundPorts: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  /** Names, as the pod sees them. */
  excludeInterfaces: 'traffic.sidecar.istio.io/excludeInterfaces',
  /** Interface names; only the empty value can be honoured so far. */
  rerouteVirtualInterfaces: 'istio.io/reroute-virtual-interfaces',
  /** The deprecated name of the previous one, read when that is absent. */
  kubevirtInterfaces: 'traffic.sidecar.istio.io/kubevirtInterfaces',
} as const

/** The prefix of our own annotations; an unknown name below it is worth a remark. */
const OWN_PREFIX = 'sidecarctl.dev/'

/** The longest value that is looked at, in characters: 1024 ports or CIDRs fit. */
const MAX_VALUE = 65_536

/** One annotation's value, or undefined when the pod does not have it. */
export function valueOf(annotations: Annotations, name: string): string | undefined {
  return Object.hasOwn(annotations, name) ? annotations[name] : undefined
}

/**
 * Reads one annotation.
 * @param parse turns the text into the value; undefined means the text is not allowed.
 * @param allowed what is allowed, in words, for the error.
 * @throws PolicyError `annotation-invalid`, naming annotation, value and what is allowed.
 */
export function readAnnotation<T>(
  annotations: Annotations,
  name: string,
  allowed: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  const text = valueOf(annotations, name)
  if (text === undefined) return undefined
  const invalid = (why: string, cause?: unknown): PolicyError =>
    new PolicyError(
      'annotation-invalid',
      `annotation ${name} is ${quoted(text)}${why}: it must be ${allowed}`,
      { cause },
    )
  if (text.length > MAX_VALUE) throw invalid(`, ${text.length} characters long`)
  try {
    const value = parse(text)
    if (value !== undefined) return value
  } catch (error) {
    if (error instanceof ListItemError) throw invalid(`, where ${error.message}`, error)
    throw error
  }
  throw invalid('')
}

/** Reads an annotation that is one of a few words, exactly as written. */
export function readWord<T extends string>(
  annotations: Annotations,
  name: string,
  words: readonly T[],
): T | undefined {
  const allowed = words.map((word) => `"${word}"`).join(' or ')
  return readAnnotation(annotations, name, allowed, (text) => words.find((word) => word === text))
}

/** A boolean as Go's `strconv.ParseBool` reads it, which Istio uses; undefined for other texts. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return undefined
}

/** What of the pod's own annotations is never read: a remark per unknown `sidecarctl.dev/` name. */
export function remarksOn(annotations: Annotations): string[] {
  const known: string[] = Object.values(annotationNames)
  return Object.keys(annotations)
    .filter((name) => name.startsWith(OWN_PREFIX) && !known.includes(name))
    .slice(0, 8)
    .map((name) => `annotation ${quoted(name)} is not known and has no effect`)
}
