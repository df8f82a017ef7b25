import { CertsError } from '../error.ts'

declare const spiffeIdBrand: unique symbol

/** A valid SPIFFE id, such as `spiffe://cluster.local/ns/default/sa/reviews`. */
export type SpiffeId = string & { readonly [spiffeIdBrand]: true }

/** What a SPIFFE id consists of. */
export interface SpiffeIdParts {
  /** Name of the trust domain, such as `cluster.local`. */
  readonly trustDomain: string
  /** Path with its leading slash, such as `/ns/default/sa/reviews`; empty for a trust domain. */
  readonly path: string
}

/** The pod identity that Istio and this project write into the path of a SPIFFE id. */
export interface WorkloadName {
  /** Name of the trust domain. */
  readonly trustDomain: string
  /** Kubernetes namespace of the pod. */
  readonly namespace: string
  /** Kubernetes service account of the pod. */
  readonly serviceAccount: string
}

const scheme = 'spiffe://'
const maxIdBytes = 2048
const maxTrustDomainBytes = 255
const trustDomainPattern = /^[a-z0-9._-]+$/
const segmentPattern = /^[A-Za-z0-9._-]+$/
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const dnsSubdomain =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

/**
 * Parses a SPIFFE id as strictly as the standard writes it: lower case scheme and trust domain, no
 * user, port, query, fragment or percent sign, no empty or dot segment, at most 2048 bytes.
 *
 * Throws `spiffe-id-invalid`.
 * https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (text.length > maxIdBytes) throw invalid(text, `is longer than ${String(maxIdBytes)} bytes`)
  if (!text.startsWith(scheme)) throw invalid(text, `does not start with "${scheme}"`)
  const { trustDomain, path } = split(text)
  checkTrustDomain(trustDomain, text)
  if (path === '') return text as SpiffeId
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') throw invalid(text, 'has an empty path segment or a trailing slash')
    if (segment === '.' || segment === '..') throw invalid(text, 'has a dot segment in its path')
    if (!segmentPattern.test(segment)) {
      throw invalid(text, 'has a path character other than letters, digits, ".", "_" and "-"')
    }
  }
  return text as SpiffeId
}

/** The trust domain and the path of a SPIFFE id. */
export function spiffeIdParts(id: SpiffeId): SpiffeIdParts {
  return split(id)
}

/**
 * Parses the name of a trust domain, such as `cluster.local`.
 *
 * Throws `spiffe-id-invalid`.
 */
export function parseTrustDomain(text: string): string {
  checkTrustDomain(text, text)
  return text
}

/**
 * The SPIFFE id of a pod: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
 *
 * Throws `spiffe-id-invalid` when a part does not follow the Kubernetes grammar of its kind.
 */
export function workloadSpiffeId(
  trustDomain: string,
  namespace: string,
  serviceAccount: string,
): SpiffeId {
  checkTrustDomain(trustDomain, trustDomain)
  if (!dnsLabel.test(namespace)) throw invalid(namespace, 'is not a Kubernetes namespace name')
  if (!dnsSubdomain.test(serviceAccount)) {
    throw invalid(serviceAccount, 'is not a Kubernetes service account name')
  }
  return parseSpiffeId(`${scheme}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`)
}

/** The pod identity in a SPIFFE id; undefined when its path has another form. */
export function workloadOf(id: SpiffeId): WorkloadName | undefined {
  const { trustDomain, path } = split(id)
  const match = /^\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(path)
  const [, namespace, serviceAccount] = match ?? []
  if (namespace === undefined || serviceAccount === undefined) return undefined
  return { trustDomain, namespace, serviceAccount }
}

function split(text: string): SpiffeIdParts {
  const rest = text.slice(scheme.length)
  const slash = rest.indexOf('/')
  if (slash === -1) return { trustDomain: rest, path: '' }
  return { trustDomain: rest.slice(0, slash), path: rest.slice(slash) }
}

function checkTrustDomain(trustDomain: string, text: string): void {
  if (trustDomain === '') throw invalid(text, 'has no trust domain')
  if (trustDomain.length > maxTrustDomainBytes) {
    throw invalid(text, `has a trust domain longer than ${String(maxTrustDomainBytes)} bytes`)
  }
  if (!trustDomainPattern.test(trustDomain)) {
    throw invalid(
      text,
      'has a trust domain character other than lower case letters, digits, ".", "_" and "-"',
    )
  }
}

function invalid(text: string, problem: string): CertsError {
  return new CertsError('spiffe-id-invalid', `parse SPIFFE id: ${quoted(text)} ${problem}`)
}

/** Bounded and free of control characters: the text may come from a hostile certificate. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
